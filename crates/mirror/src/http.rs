//! How servers of API v1 are asked, by a mirror and by a comparison alike: one client, and one opinion on which
//! failures may pass.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api_v1::PATH;
use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::{Patience, SourceError, Stop};

/// A larger answer is not read: fewer records have to be asked for.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// A server that is only told something is not waited for longer.
const TELL_WITHIN: Duration = Duration::from_secs(5);

/// The environment variable that names a file of certificate authorities, as OpenSSL and curl know it.
const AUTHORITIES: &str = "SSL_CERT_FILE";

/// As much of an answer that is not API v1 is shown.
const SHOWN_CHARS_MAX: usize = 80;

/// The API of a server, over HTTP.
pub(crate) struct Http {
    agent: Agent,
    api: String,
    patience: Patience,
    stop: Stop,
}

/// How parameters are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verb {
    Get,
    Post,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) url: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// It may help to ask again.
    MayPass(String),
    /// It is too large.
    TooLarge,
    /// It will not.
    Final(SourceError),
}

impl Answer {
    /// Whether the server, or a proxy in front of it, says that it cannot answer now.
    pub(crate) fn is_busy(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS || self.status.is_server_error()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Tells how it begins: it is not API v1.
    pub(crate) fn not_api(&self) -> SourceError {
        let beginning = &self.body[..self.body.len().min(4 * SHOWN_CHARS_MAX)];
        let beginning = String::from_utf8_lossy(beginning);
        let beginning = beginning.trim().chars().take(SHOWN_CHARS_MAX).collect();
        SourceError::NotApi { url: self.url.clone(), status: self.status.as_u16(), beginning }
    }
}

impl Http {
    /// `address` is that of a server, with or without the path of API v1.
    pub(crate) fn new(address: &str, patience: Patience, stop: Stop) -> Result<Http, SourceError> {
        let api = api_address(address)?;
        let authorities = match std::env::var_os(AUTHORITIES) {
            Some(file) => authorities(file.as_ref())?,
            None => RootCerts::WebPki,
        };
        // A redirect is not followed, and every status is an answer.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(patience.attempt))
            .max_redirects(0)
            .tls_config(TlsConfig::builder().root_certs(authorities).build())
            .user_agent(concat!("driftless-mirror/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Http { agent: config.new_agent(), api, patience, stop })
    }

    /// Where API v1 is.
    pub(crate) fn address(&self) -> &str {
        &self.api
    }

    /// Asks once.
    pub(crate) fn send<'p>(
        &self,
        verb: Verb,
        method: &str,
        parameters: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<Answer, NoAnswer> {
        let url = format!("{}/{method}", self.api);
        let failed = |error: ureq::Error| no_answer(&url, &error);
        let answer = match verb {
            Verb::Get => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.extend_pairs(parameters);
                self.agent.get(format!("{url}?{}", query.finish())).call()
            }
            Verb::Post => self.agent.post(&url).send_form(parameters),
        };
        let (head, mut body) = answer.map_err(failed)?.into_parts();
        let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
        Ok(Answer { url, status: head.status, headers: head.headers, body })
    }

    /// Tells the server something once, and does not wait long for what it says to that.
    pub(crate) fn tell(&self, method: &str, name: &str, value: &str) {
        let post = self.agent.post(format!("{}/{method}", self.api));
        let request =
            post.config().timeout_global(Some(TELL_WITHIN.min(self.patience.attempt))).build();
        // Whether it was heard does not matter.
        let _ = request.send_form([(name, value)]);
    }

    /// The attempts at a request, which begin now.
    pub(crate) fn attempts(&self) -> Attempts {
        let (patience, stop) = (self.patience, self.stop.clone());
        Attempts { patience, stop, since: Instant::now(), made: 0 }
    }
}

/// The attempts at one request.
pub(crate) struct Attempts {
    patience: Patience,
    stop: Stop,
    since: Instant,
    made: u32,
}

impl Attempts {
    /// How many there were.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Says whether there may be one.
    pub(crate) fn heed_stop(&self) -> Result<(), SourceError> {
        if self.stop.is_told() { Err(SourceError::Stopped) } else { Ok(()) }
    }

    /// Counts one that has failed; the pause before the next one, or none if patience is at its end.
    pub(crate) fn failed(&mut self) -> Option<Duration> {
        let pause = self.patience.pause(self.made, self.since);
        self.made += 1;
        pause
    }

    /// Waits.
    pub(crate) fn wait(&self, pause: Duration) -> Result<(), SourceError> {
        if self.stop.wait(pause) { Err(SourceError::Stopped) } else { Ok(()) }
    }
}

/// The certificates in a PEM file.
fn authorities(file: &Path) -> Result<RootCerts, SourceError> {
    let failed = |problem: String| SourceError::Authorities { file: file.to_owned(), problem };
    let text = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    let items: Result<Vec<PemItem<'static>>, _> = parse_pem(&text).collect();
    let items = items.map_err(|error| failed(error.to_string()))?.into_iter();
    let certificates: Vec<Certificate<'static>> = items
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => Err(failed("it contains no certificate".to_owned())),
        false => Ok(RootCerts::Specific(Arc::new(certificates))),
    }
}

/// The address of API v1, from what somebody has typed.
fn api_address(address: &str) -> Result<String, SourceError> {
    let refused = || SourceError::Address(address.to_owned());
    let uri: ureq::http::Uri = address.trim().parse().map_err(|_| refused())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().filter(|_| is_http && uri.query().is_none());
    // A password would be stored with the address, and shown.
    if authority.ok_or_else(refused)?.as_str().contains('@') {
        return Err(SourceError::Password);
    }
    let address = address.trim();
    let before = address.split_once(PATH).map_or(address, |(before, _)| before);
    Ok(format!("{}{PATH}", before.trim_end_matches('/')))
}

/// A connection that failed, or a name that was not found, may be there a moment later. A certificate that is not
/// trusted stays so, as does what is not TLS at all: rustls tells of these in an error of reading or writing.
fn no_answer(url: &str, error: &ureq::Error) -> NoAnswer {
    use ureq::Error;
    let url = url.to_owned();
    let tls = match error {
        Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        Error::Rustls(error) => Some(error),
        _ => None,
    };
    let tls: Option<&rustls::Error> = tls;
    if let Some(tls) = tls {
        return NoAnswer::Final(SourceError::Tls { url, problem: tls.to_string() });
    }
    let problem = error.to_string();
    match error {
        Error::BodyExceedsLimit(_) => NoAnswer::TooLarge,
        Error::Timeout(_)
        | Error::Io(_)
        | Error::HostNotFound
        | Error::ConnectionFailed
        | Error::Protocol(_) => NoAnswer::MayPass(format!("{url}: {problem}")),
        _ => NoAnswer::Final(SourceError::Unusable { url, problem }),
    }
}
