//! What an answer costs without the socket: `cargo bench -p driftless-neon`.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::Request;
use divan::Bencher;
use domain::{Name, OrgId, Role, Zone};
use http_body_util::BodyExt;
use neon::{Api, Settings};
use service::{Authority, NewUser, Outbox, Service, Surroundings, wait};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Activities that there are.
const ACTIVITIES: usize = 200;

const CREATE: &str = "account/createActivity?activity.subject=Call%20about%20the%20annual%20report&activity.note=Left%20a%20message.%20Calls%20back%20in%20the%20afternoon.&activity.startDateTime=2026-01-05T09:00:00.000-06:00&activity.clientId=3480&activity.activityStatus.id=2&activity.activityPriority=Normal";

fn main() {
    divan::main();
}

/// The API over a store of its own, and somebody who is logged in.
struct Scene {
    runtime: Runtime,
    api: Api,
    session: String,
    service: Service,
    _folder: TempDir,
}

impl Scene {
    fn new(cache_bytes_max: u64) -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(SqliteStore::open(folder.path()).expect("a store"));
        let surroundings = Surroundings::system(store);
        let limits = service::Settings { requests_per_org_max: 64, cache_bytes_max: 16 << 20 };
        let service = Service::open(surroundings, limits).expect("a service");
        let name = |text| Name::parse(text).expect("a name");
        let org = OrgId::parse("bench").expect("an id");
        let org = wait(service.add_org(org, name("Bench"), Zone::utc())).expect("an organization");
        let user = NewUser { id: None, name: name("Bench"), role: Role::Editor };
        let user =
            wait(service.add_user(Authority::command_line(&org), user, None)).expect("a user");
        let key =
            wait(service.add_key(Authority::command_line(&org), user, None)).expect("a key").secret;
        let settings = Settings { cache_bytes_max, ..Settings::default() };
        let (api, runtime) =
            (Api::new(service.clone(), settings), Runtime::new().expect("threads"));
        let mut scene = Scene { runtime, api, session: String::new(), service, _folder: folder };
        let answer = scene.ask(&format!("common/login?login.apiKey={key}&login.orgid=bench"));
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        let session = answer["loginResponse"]["userSessionId"].as_str().expect("a session");
        scene.session = session.to_owned();
        for _ in 0..ACTIVITIES {
            scene.ask(&format!("{CREATE}&userSessionId={}", scene.session));
        }
        scene
    }

    fn ask(&self, method: &str) -> Bytes {
        let uri = format!("{}/{method}", neon::BASE_PATH);
        let request = Request::get(uri).body(Body::empty()).expect("a request");
        self.runtime.block_on(async {
            let (response, _) = self.api.answer(request, None, &Outbox::default()).await;
            response.into_body().collect().await.expect("a body").to_bytes()
        })
    }

    fn sync(&self, bencher: Bencher<'_, '_>, question: &str) {
        let method = format!("account/syncActivities?userSessionId={}&{question}", self.session);
        assert!(!self.ask(&method).is_empty());
        bencher.bench_local(|| self.ask(&method));
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.service.close();
    }
}

/// All that a question may say, read, and refused in the end.
#[divan::bench]
fn parameters(bencher: Bencher<'_, '_>) {
    let question = "activityIds.activityId=7&activityIds.activityId=9&syncActivityTimeFrom=2026-01-05T09%3A00%3A00.000-06%3A00&syncActivityTimeTo=2026-01-04T09:00:00.000-06:00&ignoreDeletedIdList=true&page.currentPage=2&page.pageSize=50&page.sortColumn=subject&page.sortDirection=DESC";
    Scene::new(1 << 20).sync(bencher, question);
}

#[divan::bench]
fn idle_poll(bencher: Bencher<'_, '_>) {
    Scene::new(1 << 20).sync(bencher, "syncActivityTimeFrom=2999-01-01T00:00:00Z");
}

/// Of a script that goes on from the last response time.
#[divan::bench]
fn poll_from_the_last(bencher: Bencher<'_, '_>) {
    let scene = Scene::new(1 << 20);
    let everything = format!(
        "account/syncActivities?userSessionId={}&syncActivityTimeFrom=2000-01-01T00:00:00Z&page.pageSize=200",
        scene.session
    );
    let answer: serde_json::Value = serde_json::from_slice(&scene.ask(&everything)).expect("JSON");
    let told = answer["syncActivitiesResponse"]["responseDateTime"].as_str().expect("a time");
    scene.sync(bencher, &format!("syncActivityTimeFrom={}", told.replace('+', "%2B")));
}

#[divan::bench(args = [10, 200])]
fn page_printed_before(bencher: Bencher<'_, '_>, page_size: usize) {
    let question = format!("syncActivityTimeFrom=2000-01-01T00:00:00Z&page.pageSize={page_size}");
    Scene::new(1 << 20).sync(bencher, &question);
}

/// Every record is read from the store and printed.
#[divan::bench(args = [10, 200])]
fn page_printed_anew(bencher: Bencher<'_, '_>, page_size: usize) {
    let question = format!("syncActivityTimeFrom=2000-01-01T00:00:00Z&page.pageSize={page_size}");
    Scene::new(0).sync(bencher, &question);
}
