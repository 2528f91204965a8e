//! From an empty folder to somebody who is signed in, by the link that the server prints.

use crate::browser::Browser;
use crate::folder::{DATA, Folder};
use crate::server::{Page, Server};

const PASSWORD: &str = "correct-horse-battery";

/// The link that the server has printed, below its address: `/setup?token=…`.
#[track_caller]
fn link(server: &Server) -> String {
    let line = server.out.wait_for("a setup link", |line| line.contains("setup?token="));
    assert!(line.starts_with(&format!("  http://{}", server.address)), "{line}");
    line.split_once(&server.address.to_string()).unwrap().1.to_owned()
}

fn token(link: &str) -> &str {
    link.split_once("token=").unwrap().1
}

/// Sends the form that the link leads to.
fn set_up(browser: &mut Browser<'_>, link: &str, org: &[(&str, &str)]) -> Page {
    let (path, token) = link.split_once("?token=").unwrap();
    let admin = [("name", "Ada Byron"), ("login", "ada"), ("password", PASSWORD)];
    let fields = [org, &admin, &[("again", PASSWORD), ("token", token)]].concat();
    browser.post(path, &fields)
}

#[test]
fn an_empty_folder_leads_to_somebody_who_is_signed_in() {
    let folder = Folder::new();
    let said = folder.refused("serve --listen 127.0.0.1:0");
    assert!(
        said.contains("create it with `driftless serve --init` or `driftless org add`"),
        "{said}"
    );
    let server = folder.serve_new();
    let link = link(&server);
    let mut browser = Browser::of(&server);
    let form = browser.get(&link);
    assert_eq!(form.status, 200, "{form:?}");
    let org = [("org_name", "Acme Relief"), ("org", "acme"), ("zone", "America/Chicago")];
    let done = set_up(&mut browser, &link, &org);
    assert_eq!((done.status, done.headers("location")), (303, vec!["/"]), "{done:?}");
    let page = browser.get("/");
    assert!(page.body.contains("Getting started") && page.body.contains("Ada Byron"), "{page:?}");
    assert!(page.body.contains("curl -s 'http://x/neonws/services/api/common/login"), "{page:?}");
    assert_eq!(folder.ok("org list").lines().count(), 2);
    assert!(folder.ok("org list").contains("America/Chicago"));
    assert!(folder.ok("user list acme").contains("admin"));

    assert_eq!(browser.get(&link).status, 410, "it works once");
    assert!(Browser::of(&server).signs_in("ada", PASSWORD));
    server.stop();
    let server = folder.serve();
    assert!(Browser::of(&server).signs_in("ada", PASSWORD));
    assert_eq!(server.out.so_far(), [""; 0], "nothing is left to set up");
    server.stop();
}

#[test]
fn an_organization_without_people_gets_its_first_admin() {
    let (folder, _) = Folder::with_key();
    let first = folder.serve();
    let old = link(&first);
    first.stop();
    let server = folder.serve();
    let link = link(&server);
    let mut browser = Browser::of(&server);
    assert_eq!(browser.get(&old).status, 403, "each start has a link of its own");
    let form = browser.get(&link);
    assert!(form.body.contains("first admin of <b>acme (acme)</b>"), "{form:?}");
    assert!(!form.body.contains("name=\"zone\""), "{form:?}");
    assert_eq!(set_up(&mut browser, &link, &[("org", "acme")]).status, 303);
    assert_eq!(browser.get("/settings").status, 200);
    // What the command line adds later is its own affair.
    folder.ok("org add beta");
    assert_eq!(browser.get(&link).status, 410);
    assert_eq!(folder.ok("user list beta").lines().count(), 1);
    server.stop();
}

#[test]
fn a_login_from_the_command_line_ends_the_link() {
    let folder = Folder::new();
    let server = folder.serve_new();
    let link = link(&server);
    let sign_in = server.get("/sign-in");
    let typed = ["driftless org add acme --time-zone America/Chicago", "driftless user add acme"];
    assert!(typed.iter().all(|line| sign_in.body.contains(line)), "{sign_in:?}");
    assert!(!sign_in.body.contains(token(&link)));
    folder.ok("org add acme");
    assert_eq!(server.get(&link).status, 200);
    let add = "user add acme \"Ada Byron\" --role admin --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, PASSWORD).code, 0);
    assert_eq!(server.get(&link).status, 410);
    assert!(server.get("/sign-in").body.contains("name=\"password\""));
    server.stop();
}

#[test]
fn the_link_has_the_base_path_and_a_host_that_can_be_opened() {
    let folder = Folder::new();
    let words = ["serve", "--init", "--listen", "0.0.0.0:0", "--base-path", "/crm"];
    let server = Server::spawn(folder.command(words));
    let line = server.log.wait_for("where to go", |line| line.contains("serving http"));
    let port = line.rsplit_once("0.0.0.0:").unwrap().1.split('/').next().unwrap().to_owned();
    let url = format!("http://localhost:{port}/crm/");
    assert!(line.contains(&format!("serving {url} ")), "{line}");
    server.out.wait_for("the link", |line| line.contains(&format!("  {url}setup?token=")));
    server.stop();
}

#[test]
fn its_token_reaches_neither_log_nor_disk() {
    let folder = Folder::new();
    let mut command = folder.serving(&["--init", "--log-format", "json"]);
    command.env("RUST_LOG", "trace");
    let server = Server::of(command);
    let link = link(&server);
    let mut browser = Browser::of(&server);
    assert_eq!(browser.get(&link).status, 200);
    assert_eq!(browser.get("/setup?token=0123456789abcdef0123456789abcdef").status, 403);
    let org = [("org_name", "Acme"), ("org", "acme"), ("zone", "UTC")];
    assert_eq!(set_up(&mut browser, &link, &org).status, 303);
    let kept: Vec<Vec<u8>> = folder
        .names(DATA)
        .iter()
        .filter(|name| *name != "driftless.sock")
        .map(|name| std::fs::read(folder.path(DATA).join(name)).unwrap())
        .collect();
    let log = server.stop().join("\n");
    assert!(log.contains("the setup link was printed on standard output"), "{log}");
    for secret in [token(&link), PASSWORD] {
        assert!(!log.contains(secret), "the log gives it away");
        let holds =
            |bytes: &Vec<u8>| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!kept.iter().any(holds), "the disk gives it away");
    }
}
