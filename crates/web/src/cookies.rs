//! The cookies of the pages: their names, how long they live, and the lines that set them.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::Settings;
use crate::fields::Fields;

/// How long the sign-in form's cookie lives, in seconds: as long as a tab may stand open, with the browser
/// closed and opened again between. It opens nothing.
const FORM_SECONDS: u32 = 180 * 24 * 3_600;

/// What each is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's id, until the browser is closed.
    Session,
    /// Takes the place of a session on the sign-in form.
    Form,
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

    fn name(&self, cookie: Cookie) -> String {
        let name = match cookie {
            Cookie::Session => "driftless_session",
            Cookie::Form => "driftless_form",
            Cookie::Login => "driftless_login",
        };
        format!("{name}{}", self.suffix)
    }

    /// The value of a cookie. Cookies of other applications on the host may have any encoding.
    pub(crate) fn get<'h>(&self, headers: &'h HeaderMap, cookie: Cookie) -> Option<&'h str> {
        let name = self.name(cookie);
        let lines = headers.get_all(header::COOKIE).iter();
        let mut cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        cookies.find_map(|cookie| {
            let (given, value) = str::from_utf8(cookie.trim_ascii()).ok()?.split_once('=')?;
            (given == name).then_some(value)
        })
    }

    /// Name and value, as a browser sends them.
    pub(crate) fn pair(&self, cookie: Cookie, value: &str) -> String {
        format!("{}={value}", self.name(cookie))
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

    /// The header line that sets or removes a cookie. `value` is hexadecimal or percent-encoded.
    pub(crate) fn set(&self, cookie: Cookie, value: Option<&str>, secure: bool) -> HeaderValue {
        let (name, path) = (self.name(cookie), &self.path);
        let secure = if secure { "; Secure" } else { "" };
        let lives = match (value, cookie) {
            (None, _) => "; Max-Age=0".to_owned(),
            (_, Cookie::Form) => format!("; Max-Age={FORM_SECONDS}"),
            _ => String::new(),
        };
        let value = value.unwrap_or_default();
        let line = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{lives}");
        HeaderValue::from_str(&line).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}
