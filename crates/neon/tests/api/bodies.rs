//! Many large bodies at once, coming in or waiting to be read: memory is bounded, and those who send or
//! ask little are served.

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use neon::{BODIES_BYTES_MAX, BODY_BYTES_FREE, BODY_BYTES_MAX, STRANGERS_BODIES_BYTES_MAX};
use serde_json::Value;

use crate::answer::Answer;
use crate::client::FORM;
use crate::errors::{SESSION_INVALID, SESSION_REQUIRED};
use crate::harness::{Host, TestServer, request};

/// A request whose body has come as far as it was sent, and is not at its end.
struct UnderWay {
    body: Sender<Bytes>,
    answer: tokio::task::JoinHandle<Answer>,
}

impl UnderWay {
    /// Returns when the server has taken everything, or has given an answer without it.
    async fn send(host: &std::sync::Arc<Host>, query: &str, begin: &str, bytes: usize) -> UnderWay {
        let (mut body, receiver) = Channel::<Bytes>::new(1);
        let target = format!("account/syncActivities?{query}");
        let request = request("POST", &target, Some(FORM), Body::new(receiver));
        let host = host.clone();
        let answer = tokio::spawn(async move { host.send_async(request).await });
        let form = begin.to_owned() + &"&".repeat(bytes - begin.len());
        let _ = body.send_data(form.into()).await;
        // There is room for one piece: this one gets in when the one before has been taken out.
        let _ = body.send_data(Bytes::new()).await;
        UnderWay { body, answer }
    }

    async fn end(self) -> Answer {
        drop(self.body);
        self.answer.await.unwrap()
    }
}

/// What is refused when there is no room.
const NO_ROOM: &str =
    "Service is not available: too many large requests are in progress; try again";

#[test]
fn large_bodies_under_way_are_bounded_and_small_ones_get_through() {
    let server = TestServer::start();
    server.block_on(async |host| {
        let send = async |bytes| UnderWay::send(&host, "", "", bytes).await;
        let mut large = Vec::new();
        // An address can have half of what there is for requests without a session.
        let most = STRANGERS_BODIES_BYTES_MAX / 2 / (BODY_BYTES_MAX - BODY_BYTES_FREE);
        for _ in 0..most {
            large.push(send(BODY_BYTES_MAX).await);
        }
        send(BODY_BYTES_MAX).await.end().await.fails(2, NO_ROOM);
        send(BODY_BYTES_FREE).await.end().await.fails(3, SESSION_REQUIRED);

        large.pop().unwrap().end().await.fails(3, SESSION_REQUIRED);
        large.push(send(BODY_BYTES_MAX).await);
        for one in large {
            one.end().await.fails(3, SESSION_REQUIRED);
        }
    });
}

#[test]
fn large_bodies_of_an_organization_leave_room_for_those_of_others() {
    let server = TestServer::start();
    let (client, other) = (server.editor(), server.org("other", "+00:00").editor());
    let everything = "syncActivityTimeFrom=2000-01-01T00:00:00Z";
    let asks =
        |client: &crate::client::Client| format!("userSessionId={}&{everything}&", client.session);
    let (client, other) = (asks(&client), asks(&other));
    server.block_on(async |host| {
        let mut large = Vec::new();
        // The session may be in the query or at the beginning of the body.
        for (query, begin) in [("", client.as_str()), (client.as_str(), "")].iter().cycle() {
            let one = UnderWay::send(&host, query, begin, BODY_BYTES_MAX).await;
            if one.answer.is_finished() {
                one.end().await.fails(2, NO_ROOM);
                break;
            }
            large.push(one);
        }
        let most = BODIES_BYTES_MAX / 2 / (BODY_BYTES_MAX - BODY_BYTES_FREE);
        assert_eq!(large.len(), most, "an organization can have half of all");
        for (query, begin) in [("", other.as_str()), (other.as_str(), "")] {
            UnderWay::send(&host, query, begin, BODY_BYTES_MAX).await.end().await.ok();
        }
        // Neither can those without a session take from them, nor they from those.
        let stranger = UnderWay::send(&host, "", "", BODY_BYTES_MAX).await;
        stranger.end().await.fails(3, SESSION_REQUIRED);
        for one in large {
            one.end().await.ok();
        }
    });
}

#[test]
fn a_body_in_small_pieces_is_one_body() {
    let server = TestServer::start();
    server.block_on(async |host| {
        let (mut body, receiver) = Channel::<Bytes>::new(1);
        let request = request("POST", "account/syncActivities", Some(FORM), Body::new(receiver));
        let answer = tokio::spawn(async move { host.send_async(request).await });
        let form = format!("{}userSessionId=nobody", "&".repeat(3 * BODY_BYTES_FREE));
        for piece in form.as_bytes().chunks(7) {
            body.send_data(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        drop(body);
        answer.await.unwrap().fails(4, SESSION_INVALID);
    });
}

#[test]
fn large_answers_that_nobody_reads_are_bounded_and_small_ones_get_through() {
    const NOTE_BYTES: usize = 20_000;

    let server = TestServer::start();
    let client = server.editor();
    let note = "x".repeat(NOTE_BYTES);
    for _ in 0..10 {
        let id = client.create("long");
        client
            .post("updateActivity", &format!("activity.activityId={id}&activity.note={note}"))
            .ok();
    }
    let everything = "syncActivityTimeFrom=2000-01-01T00:00:00Z";
    let other = server.org("other", "+00:00").editor();
    server.block_on(async |host| {
        let mut unread = Vec::new();
        for _ in 0..service::ANSWERS_BYTES_MAX / (10 * NOTE_BYTES) {
            unread.push(host.send_unread(client.request("syncActivities", everything)).await);
        }
        let large = || host.send_async(client.request("syncActivities", everything));
        let text = "Service is not available: the organization's clients are still reading too many large answers; try again";
        large().await.fails(2, text);
        host.send_async(client.request("syncActivities", "activityIds.activityId=99")).await.ok();
        host.send_async(other.request("syncActivities", everything)).await.ok();
        // One that has been taken in whole is not read before its last piece is let go; the first was printed,
        // the second is sent from where that is kept.
        let mut taken = unread.remove(1).into_body();
        let mut last = None;
        while let Some(piece) = taken.frame().await {
            last = Some(piece.unwrap());
        }
        drop(taken);
        large().await.fails(2, text);
        drop(last);
        large().await.ok();
        // One that hangs up makes room.
        unread.push(host.send_unread(client.request("syncActivities", everything)).await);
        large().await.fails(2, text);
        drop(unread.remove(0));
        large().await.ok();
    });
}

#[test]
fn room_for_a_large_answer_is_asked_for_as_long_as_it_is() {
    const NOTE_BYTES: usize = 100_000;
    const RECORDS: usize = 9;

    let server = TestServer::start();
    let client = server.editor();
    let note = "x".repeat(NOTE_BYTES);
    for _ in 0..RECORDS {
        let id = client.create("long");
        client
            .post("updateActivity", &format!("activity.activityId={id}&activity.note={note}"))
            .ok();
    }
    // None of them is in memory after a start.
    server.restart();
    let client = client.again();
    let (service, tenant) = (server.service(), client.org.tenant());
    let everything = "syncActivityTimeFrom=2000-01-01T00:00:00Z&page.pageSize=200";
    let mut held = tenant.share();
    assert!(held.try_grow_to(service::ANSWERS_BYTES_MAX - RECORDS * NOTE_BYTES));
    let text = "Service is not available: the organization's clients are still reading too many large answers; try again";
    client.get("syncActivities", everything).fails(2, text);
    held.shrink_to(0);
    assert_eq!(service.unsent_bytes(), 0, "what was refused holds nothing");

    server.block_on(async |host| {
        let unread = host.send_unread(client.request("syncActivities", everything)).await;
        let length = unread.body().size_hint().exact().unwrap();
        assert!(length > (RECORDS * NOTE_BYTES) as u64);
        assert_eq!(service.unsent_bytes() as u64, length, "no more than it has turned out to be");
        drop(unread);
    });
    assert_eq!(service.unsent_bytes(), 0);
    assert_eq!(client.sync(everything).ids().len(), RECORDS);
}

#[test]
fn a_page_of_any_length_takes_the_room_of_a_step() {
    const STEP_BYTES_MAX: usize = 1 << 20;

    let server = TestServer::start();
    let client = server.editor();
    let mut ids = Vec::new();
    for n in 0..60 {
        let id = client.create(&format!("n{n}"));
        let note = "x".repeat([1, 99_000, 20_000][n % 3] + n);
        client
            .post("updateActivity", &format!("activity.activityId={id}&activity.note={note}"))
            .ok();
        ids.push(id);
    }
    let one = |id: &i64| {
        client.sync(&format!("activityIds.activityId={id}")).inside["activities"]["activity"][0]
            .clone()
    };
    let expected: Vec<Value> = ids.iter().map(one).collect();
    for is_restarted in [false, true] {
        if is_restarted {
            // None of them is in memory then.
            server.restart();
        }
        let client = client.again();
        let (service, tenant) = (server.service(), client.org.tenant());
        let mut held = tenant.share();
        assert!(held.try_grow_to(service::ANSWERS_BYTES_MAX - STEP_BYTES_MAX));
        let everything = "syncActivityTimeFrom=2000-01-01T00:00:00Z&page.pageSize=200";
        for (order, is_ascending) in [("", false), ("&page.sortDirection=ASC", true)] {
            let request = client.request("syncActivities", &format!("{everything}{order}"));
            server.block_on(async |host| {
                let unread = host.send_unread(request).await;
                assert_eq!(unread.body().size_hint().exact(), None, "it shows at the end");
                let taken = service.unsent_bytes() - held.bytes();
                assert!(taken > 0 && taken <= STEP_BYTES_MAX, "{taken}");
                let json = unread.into_body().collect().await.unwrap().to_bytes();
                let answer: Value = serde_json::from_slice(&json).unwrap();
                let page = &answer["syncActivitiesResponse"];
                let mut sent = page["activities"]["activity"].as_array().unwrap().clone();
                if !is_ascending {
                    sent.reverse();
                }
                assert_eq!(sent, expected);
                assert_eq!(page["page"]["totalResults"], 60);
            });
        }
        assert_eq!(service.unsent_bytes(), held.bytes());
    }
}
