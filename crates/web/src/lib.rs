//! Driftless: the pages for people. For now one: what this is, and where the API lies.

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

const STYLE: &str = include_str!("style.css");

/// No script, no other host; the one style sheet is ours.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the pages, and the answer to every address that is none of ours.
pub fn router() -> Router {
    Router::new()
        .route("/", get(|| async { page(StatusCode::OK, &landing()) }))
        .route("/style.css", get(style))
        .fallback(|| async { page(StatusCode::NOT_FOUND, &not_found()) })
}

async fn style() -> impl IntoResponse {
    let cached = (header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")), cached], STYLE)
}

fn page(status: StatusCode, content: &Markup) -> Response {
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Driftless" }
                link rel="stylesheet" href="/style.css";
            }
            body { main { (content) } }
        }
    };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
    ];
    (status, headers, html.into_string()).into_response()
}

fn landing() -> Markup {
    html! {
        h1 { "Driftless" }
        p class="lead" { "What changed, or was deleted, since X? This server never misses a change." }
        h2 { "For scripts" }
        p {
            "API v1 lies at " code { "/neonws/services/api" } ". Point an existing script here by its "
            "host name; nothing else changes."
        }
        table {
            tr { th { "Log in" } td { code { "common/login" } } }
            tr { th { "Ask what changed" } td { code { "account/syncActivities" } } }
            tr { th { "Write" } td {
                code { "account/createActivity" } ", " code { "updateActivity" } ", " code { "removeActivity" }
            } }
            tr { th { "Read" } td { code { "account/retrieveActivity" } ", " code { "listActivityStatus" } } }
        }
        h2 { "For operators" }
        p {
            a href="/healthz" { "Health" } " · " a href="/readyz" { "readiness" } " · "
            a href="/metrics" { "metrics" } " · " code { "driftless --help" } " for everything else."
        }
    }
}

fn not_found() -> Markup {
    html! {
        h1 { "Nothing here" }
        p { "This address leads nowhere. " a href="/" { "The start page" } " says what there is." }
    }
}
