//! What a client has not been sent is not taken for delivered.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use domain::{
    ClientId, Draft, KeyId, Moment, Name, OrgId, Origin, Role, StatusId, StatusRef, Subject, Zone,
};
use neon::Api;
use service::{
    Authority, IntegrationState as State, NewUser, Outbox, Service, Surroundings, Write,
};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;

use super::{Answers, Edge, Limits, SocketAddr, patient, refusal};
use crate::connection::converse;
use crate::places::Places;

/// As many bytes a stream holds that nobody has read.
const HELD_BYTES: usize = 1_024;

const ORG: &str = "tests";

fn draft(number: u32) -> Draft {
    let subject = Subject::parse(&format!("Call {number}")).unwrap();
    let start = Moment::parse("2026-01-05T09:00:00Z").unwrap();
    Draft::new(subject, start, ClientId(1), StatusRef::Id(StatusId(1)))
}

impl Answers for Api {
    async fn answer(&self, request: Request<Body>, peer: SocketAddr, outbox: &Outbox) -> Response {
        Api::answer(self, request, Some(peer), outbox).await.0
    }
}

/// A server that answers one client over a stream.
struct Scene {
    service: Service,
    key: KeyId,
    question: String,
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let settings = service::Settings { requests_per_org_max: 4, cache_bytes_max: 1 << 20 };
        let open = move || Service::open(Surroundings::system(store), settings).unwrap();
        let service = tokio::task::spawn_blocking(open).await.unwrap();
        let (id, name) = (OrgId::parse(ORG).unwrap(), Name::parse("Tests").unwrap());
        service.add_org(id.clone(), name, Zone::utc()).await.unwrap();
        let org = service.org(&id).unwrap();
        let user = NewUser { id: None, name: Name::parse("Eve").unwrap(), role: Role::Editor };
        let by = Authority::command_line(&org);
        let user = service.add_user(by.clone(), user, None).await.unwrap();
        let key = service.add_key(by, user, None).await.unwrap();
        let (tenant, session) = service.login(&id, &key.secret, None).await.unwrap();
        let caller = service.caller(&session).unwrap();
        for number in 1..=50 {
            let write = Write::Create(Box::new(draft(number)));
            service.write(&tenant, caller.author(Origin::Api), write).await.unwrap();
        }
        let path = format!("{}/account/syncActivities", neon::BASE_PATH);
        let since = "syncActivityTimeFrom=0001-01-01T00:00:00Z&page.pageSize=100";
        let question = format!(
            "GET {path}?userSessionId={session}&{since} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        Scene { service, key: key.id, question, _folder: folder }
    }

    fn state(&self) -> State {
        let org = self.service.org(&OrgId::parse(ORG).unwrap()).unwrap();
        self.service.integration(&org, self.key).unwrap().state
    }

    /// A client that has asked, and the server's end of its conversation.
    async fn ask(&self) -> (DuplexStream, tokio::task::JoinHandle<()>) {
        let (mut client, served) = duplex(HELD_BYTES);
        let cache_bytes_max = 1 << 20;
        let settings = neon::Settings { page_size_max: 200, cache_bytes_max };
        let answers = Api::new(self.service.clone(), settings);
        let limits = Limits { connections_max: 1, ..patient() };
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let seat = Places::new(&limits).admit(peer.ip(), false).unwrap();
        let edge = Arc::new(Edge { tls: None, answers, refusal, limits });
        let (running, stopped) = watch::channel(false);
        let conversation = tokio::spawn(async move {
            let _running = running;
            converse(&edge, served, peer, seat, stopped).await;
        });
        client.write_all(self.question.as_bytes()).await.unwrap();
        (client, conversation)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_off_is_not_delivered() {
    let scene = Scene::new().await;
    let (mut client, conversation) = scene.ask().await;
    // All that the stream holds, which is not all of it.
    let mut begun = [0; HELD_BYTES];
    client.read_exact(&mut begun).await.unwrap();
    assert!(begun.starts_with(b"HTTP/1.1 200"));
    let undelivered =
        State::Incomplete { read: Some(service::Progress { read: 0, through: 0, pages: 1 }) };
    assert_eq!(scene.state(), undelivered);
    drop(client);
    conversation.await.unwrap();
    assert_eq!(scene.state(), undelivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_has_been_written_is() {
    let scene = Scene::new().await;
    let (mut client, conversation) = scene.ask().await;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    drop(client);
    conversation.await.unwrap();
    assert!(answer.len() > 2 * HELD_BYTES && answer.ends_with(b"}"));
    assert_eq!(scene.state(), State::UpToDate);
}
