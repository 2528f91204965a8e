//! What somebody does in the pages of the demo is in the table of a mirror, as the README says.

use rusqlite::{Connection, OptionalExtension};

use crate::browser::Browser;
use crate::demo::{demo, key_in};
use crate::folder::Folder;
use crate::server::Server;

/// Subject and note of an activity, as the table has them.
fn in_table(folder: &Folder, id: i64) -> Option<(String, String)> {
    let connection = Connection::open(folder.path("crm.db")).unwrap();
    let sql = "SELECT subject, note FROM activity WHERE activity_id = ?1";
    let row = connection.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)));
    row.optional().unwrap()
}

/// Sends a form that must lead to another page; which.
#[track_caller]
fn sent(browser: &mut Browser<'_>, path: &str, fields: &[(String, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let page = browser.post(path, &fields);
    assert_eq!(page.status, 303, "{page:?}");
    page.headers("location")[0].to_owned()
}

#[test]
fn what_is_edited_in_the_pages_of_the_demo_is_in_the_table() {
    let folder = Folder::new();
    let (server, printed, _) = demo(&folder);
    folder.write("key", key_in(&printed));
    let from = format!("http://{}", server.address);
    let words = ["mirror", "run", "--from", &from, "--org", "demo", "--key-file", "key"];
    let words = words.into_iter().chain(["--to", "sqlite:crm.db", "--every", "50ms"]);
    let mirror = Server::spawn(folder.command(words));
    mirror.out.wait_for("the first run", |line| line.contains("complete up to"));
    // The predicate looks into the table after each run.
    let shows = |id: i64, expected: Option<(&str, &str)>| {
        mirror.out.wait_for("the table to show it", |_| {
            let held = in_table(&folder, id);
            held.as_ref().map(|(subject, note)| (&**subject, &**note)) == expected
        });
    };

    let mut browser = Browser::of(&server);
    let password = printed.split_once("password ").unwrap().1.split_whitespace().next().unwrap();
    let csrf = browser.get("/sign-in").value("csrf");
    let fields = [("csrf", &*csrf), ("org", "demo"), ("login", "maribel"), ("password", password)];
    assert_eq!(browser.post("/sign-in", &fields).status, 303);

    let form = browser.get("/activities/new");
    let fields = form.edited(&[("subject", "Bring the chairs"), ("account", "1")]);
    let created = sent(&mut browser, "/activities", &fields);
    let path = created.split('?').next().unwrap();
    assert!(path.starts_with("/activities/"), "{created}");
    let id = path.strip_prefix("/activities/").unwrap();
    let id = id.parse().unwrap_or_else(|_| panic!("{created}"));
    shows(id, Some(("Bring the chairs", "")));

    let fields = browser.get(path).edited(&[("subject", "Bring 王"), ("note", "ten of them")]);
    sent(&mut browser, path, &fields);
    shows(id, Some(("Bring 王", "ten of them")));

    let csrf = ("csrf".to_owned(), browser.get(path).value("csrf"));
    let confirmed = ("confirmed".to_owned(), "1".to_owned());
    sent(&mut browser, &format!("{path}/remove"), &[csrf.clone(), confirmed]);
    shows(id, None);
    sent(&mut browser, &format!("{path}/restore"), &[csrf]);
    shows(id, Some(("Bring 王", "ten of them")));
    mirror.stop();
    server.stop();
}
