//! The cookies of the pages: their names, how long they live, and the lines that set them.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::Settings;
use crate::fields::Fields;
use crate::reached::is_secure;

/// How long the sign-in form's cookie lives, in seconds: as long as a tab may stand open, with the browser
/// closed and opened again between. It opens nothing.
const FORM_SECONDS: i64 = 180 * 24 * 3_600;

/// How long the device cookie lives, in seconds: browsers keep none for longer than 400 days. It opens nothing, and is
/// set again with each sign-in.
const DEVICE_SECONDS: i64 = 400 * 24 * 3_600;

/// How long the cookie of a session lives that outlives the browser, in seconds.
const SESSION_SECONDS: i64 = service::PERSON_SESSION_DAYS_MAX * 24 * 3_600;

/// What each is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's id, until the browser is closed.
    Session,
    /// The session's id, also when the browser is closed. It is the same cookie.
    StayingSession,
    /// Takes the place of a session on the sign-in form.
    Form,
    /// What shows the server that someone has signed in here before. Signing out leaves it.
    Device,
    /// Who was signed in last, to fill in the sign-in form. Signing out removes it.
    Login,
}

/// The names and the path of cookies. Browsers share cookies among all ports of a host, so each data folder uses its
/// own names.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    suffix: String,
    path: String,
}

impl Cookies {
    pub(crate) fn of(settings: &Settings) -> Cookies {
        let of = &settings.cookies_of;
        let suffix = if of.is_empty() { String::new() } else { format!("_{of}") };
        Cookies { suffix, path: settings.base_path.of_cookies() }
    }

    /// The name of a cookie. Over TLS it has a prefix, by which browsers take it from this server alone, over TLS
    /// alone: without it, another host of the domain, or someone on the way, could plant one. `__Host-` requires
    /// the path `/`. Below a base path there are other applications on the host, which should not be sent the
    /// session, so there the path counts more.
    fn name(&self, cookie: Cookie, secure: bool) -> String {
        let name = match cookie {
            Cookie::Session | Cookie::StayingSession => "driftless_session",
            Cookie::Form => "driftless_form",
            Cookie::Device => "driftless_device",
            Cookie::Login => "driftless_login",
        };
        let prefix = match (secure, &*self.path) {
            (false, _) => "",
            (true, "/") => "__Host-",
            (true, _) => "__Secure-",
        };
        format!("{prefix}{name}{}", self.suffix)
    }

    /// The value of a cookie. Cookies of other applications on the host may have any encoding.
    pub(crate) fn get<'h>(&self, headers: &'h HeaderMap, cookie: Cookie) -> Option<&'h str> {
        let name = self.name(cookie, is_secure(headers));
        let lines = headers.get_all(header::COOKIE).iter();
        let mut cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        cookies.find_map(|cookie| {
            let (given, value) = str::from_utf8(cookie.trim_ascii()).ok()?.split_once('=')?;
            (given == name).then_some(value)
        })
    }

    /// Name and value, as a browser sends them.
    pub(crate) fn pair(&self, cookie: Cookie, value: &str, secure: bool) -> String {
        format!("{}={value}", self.name(cookie, secure))
    }

    /// Who was signed in last in this browser: the fields `org` and `login`.
    pub(crate) fn last_login(&self, headers: &HeaderMap) -> Fields {
        Fields::parse(self.get(headers, Cookie::Login).unwrap_or_default().as_bytes())
    }

    /// The header line that sets who is signed in.
    pub(crate) fn set_login(&self, org: &str, login: &str, secure: bool) -> HeaderValue {
        let login = Fields::of([("org", org), ("login", login)]).encoded();
        self.set(Cookie::Login, Some(&login), secure)
    }

    /// The header line that sets or removes a cookie. `value` is hexadecimal, with dots, or percent-encoded.
    pub(crate) fn set(&self, cookie: Cookie, value: Option<&str>, secure: bool) -> HeaderValue {
        let (name, path) = (self.name(cookie, secure), &self.path);
        let secure = if secure { "; Secure" } else { "" };
        let seconds = match (value, cookie) {
            (None, _) => Some(0),
            (_, Cookie::Form) => Some(FORM_SECONDS),
            (_, Cookie::Device) => Some(DEVICE_SECONDS),
            (_, Cookie::StayingSession) => Some(SESSION_SECONDS),
            (_, Cookie::Session | Cookie::Login) => None,
        };
        let lives = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        let value = value.unwrap_or_default();
        let line = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{lives}");
        HeaderValue::from_str(&line).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}
