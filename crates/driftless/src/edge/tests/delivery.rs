//! What a client has not been sent is not taken for delivered.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use domain::{KeyId, OrgId, UserId};
use neon::{Api, Outbox};
use service::{AcceptClock, Authority, IntegrationState as State};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;

use super::{Answers, Edge, Limits, SocketAddr, patient, refusal};
use crate::cli::Tuning;
use crate::commands::Context;
use crate::edge::connection::converse;
use crate::edge::places::Places;
use crate::folder::{self, Access};
use crate::forwarded::Proxies;
use crate::{demo, serve};

/// As many bytes a stream holds that nobody has read.
const HELD_BYTES: usize = 1_024;

impl Answers for Api {
    async fn answer(&self, request: Request<Body>, peer: SocketAddr, outbox: &Outbox) -> Response {
        Api::answer(self, request, Some(peer), outbox).await.0
    }
}

/// A server that answers one client over a stream.
struct Scene {
    context: Context,
    key: KeyId,
    question: String,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Scene {
        let temp = tempfile::tempdir().unwrap();
        let Ok(Access::Owned(folder)) = folder::access(temp.path(), true) else {
            panic!("the folder is nobody's");
        };
        let context = tokio::task::spawn_blocking(move || {
            let context =
                serve::open(&folder, &Tuning::default(), AcceptClock::Near, false).unwrap();
            demo::set_up(&context, 50).unwrap();
            context
        });
        let context = context.await.unwrap();
        let org = context.service.org(&OrgId::parse("demo").unwrap()).unwrap();
        let user: UserId = *org.directory().users.keys().next().unwrap();
        let by = Authority::command_line(&org);
        let key = context.service.add_key(by, user, None).await.unwrap();
        let (_, session) = context.service.login(&org.id, &key.secret, None).await.unwrap();
        let path = format!("{}/account/syncActivities", neon::BASE_PATH);
        let since = "syncActivityTimeFrom=0001-01-01T00:00:00Z&page.pageSize=100";
        let question = format!(
            "GET {path}?userSessionId={session}&{since} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        Scene { context, key: key.id, question, _folder: temp }
    }

    fn state(&self) -> State {
        let org = self.context.service.org(&OrgId::parse("demo").unwrap()).unwrap();
        self.context.service.integration(&org, self.key).unwrap().state
    }

    /// A client that has asked, and the server's end of its conversation.
    async fn ask(&self) -> (DuplexStream, tokio::task::JoinHandle<()>) {
        let (mut client, served) = duplex(HELD_BYTES);
        let cache_bytes_max = 1 << 20;
        let settings = neon::Settings { page_size_max: 200, cache_bytes_max };
        let answers = Api::new(self.context.service.clone(), settings);
        let limits = Limits { connections_max: 1, ..patient() };
        let proxies = Proxies::of(&[]);
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let seat = Places::new(&limits, proxies.clone()).admit(peer.ip()).unwrap();
        let edge = Arc::new(Edge { tls: None, answers, refusal, limits, proxies });
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
