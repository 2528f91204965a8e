//! A browser at a running server: it keeps cookies and sends forms.

use std::collections::BTreeMap;

use crate::server::{Page, Server};

/// Somebody who looks at the pages.
pub(crate) struct Browser<'s> {
    server: &'s Server,
    /// What stands before every path.
    base: String,
    /// Lines that come with every request, each with its end.
    headers: String,
    cookies: BTreeMap<String, String>,
}

impl<'s> Browser<'s> {
    pub(crate) fn of(server: &'s Server) -> Browser<'s> {
        Browser::behind(server, "", "")
    }

    /// One behind a proxy, which puts a path before all others and sends these lines along.
    pub(crate) fn behind(server: &'s Server, base: &str, headers: &str) -> Browser<'s> {
        let (base, headers) = (base.to_owned(), headers.to_owned());
        Browser { server, base, headers, cookies: BTreeMap::new() }
    }

    /// The cookies as they are sent.
    pub(crate) fn cookies(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// All cookies, for another browser to have them too.
    pub(crate) fn jar(&self) -> BTreeMap<String, String> {
        self.cookies.clone()
    }

    /// Has these cookies too: browsers share them among the ports of a host.
    pub(crate) fn take(&mut self, jar: BTreeMap<String, String>) {
        self.cookies.extend(jar);
    }

    /// The names of the cookies.
    pub(crate) fn cookie_names(&self) -> Vec<&str> {
        self.cookies.keys().map(String::as_str).collect()
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "", "")
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_with(path, fields, "")
    }

    /// Sends a form with these lines.
    pub(crate) fn post_with(&mut self, path: &str, fields: &[(&str, &str)], lines: &str) -> Page {
        let mut form = String::new();
        for (name, value) in fields {
            let value = value.replace('&', "%26").replace(' ', "+");
            form.push_str(&format!("&{name}={value}"));
        }
        self.send("POST", path, lines, form.trim_start_matches('&'))
    }

    /// Whether the sign-in form opens the pages of acme.
    pub(crate) fn signs_in(&mut self, login: &str, password: &str) -> bool {
        let path = format!("{}/sign-in", self.base);
        let form = self.get(&path);
        let csrf = form.value("csrf");
        let fields = [("csrf", &*csrf), ("org", "acme"), ("login", login), ("password", password)];
        let page = self.post(&path, &fields);
        assert!(page.status == 303 || page.status == 422, "{page:?}");
        page.status == 303
    }

    fn send(&mut self, verb: &str, path: &str, lines: &str, form: &str) -> Page {
        let (cookies, headers, length) = (self.cookies(), &self.headers, form.len());
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let page = self.server.send(
            format!(
                "{verb} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookies}\r\n\
                 {headers}{lines}{kind}\r\nContent-Length: {length}\r\n\r\n{form}"
            )
            .as_bytes(),
        );
        for line in page.headers("set-cookie") {
            let (pair, attributes) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            // Headers come in lower case here, and these names are told apart by case.
            let name = name.replacen("__host-", "__Host-", 1);
            let name = name.replacen("__secure-", "__Secure-", 1);
            if attributes.contains("max-age=0") {
                self.cookies.remove(&name);
            } else {
                self.cookies.insert(name, value.to_owned());
            }
        }
        page
    }
}

impl Page {
    /// The values of a header, in lower case.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(given, _)| *given == name).map(|(_, value)| value).collect()
    }

    /// The value of the first control of that name.
    pub(crate) fn value(&self, name: &str) -> String {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\"")).expect("a control");
        let (_, value) = rest.split_once("value=\"").expect("a value");
        value.split('"').next().unwrap().replace("&amp;", "&")
    }

    /// The fields of the form in which an activity is edited, with what is typed in place of what it shows.
    pub(crate) fn edited(&self, typed: &[(&str, &str)]) -> Vec<(String, String)> {
        let (_, form) = self.body.split_once("<form class=\"edit\"").expect("a form");
        let form = form.split_once("</form>").unwrap().0;
        let controls = form.match_indices("name=\"");
        let fields = controls.filter_map(|(at, mark)| {
            let (tag, rest) = (form[..at].rsplit('<').next().unwrap(), &form[at + mark.len()..]);
            let (name, rest) = rest.split_once('"').unwrap();
            if tag.starts_with("button") {
                return None;
            }
            let shown = match tag.split(' ').next().unwrap() {
                "textarea" => rest.split_once(">\n").unwrap().1.split('<').next().unwrap(),
                "select" => {
                    let options = rest.split_once("</select>").unwrap().0;
                    let mut all = options.split("<option ").skip(1);
                    let first = all.clone().next().unwrap();
                    let option = all.find(|option| option.contains(" selected")).unwrap_or(first);
                    option.split('"').nth(1).unwrap()
                }
                _ => {
                    let tag = rest.split('>').next().unwrap();
                    tag.split_once("value=\"")
                        .map_or("", |(_, value)| value.split('"').next().unwrap())
                }
            };
            let given = typed.iter().find(|(given, _)| *given == name);
            Some((name.to_owned(), given.map_or(shown, |(_, value)| value).to_owned()))
        });
        fields.collect()
    }
}
