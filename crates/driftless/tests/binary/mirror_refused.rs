//! What a mirror, or a comparison, says about a server that it cannot use and a target that it cannot write.

use std::io::{Read, Write};
use std::net::TcpListener;

use rcgen::generate_simple_self_signed;

use crate::compare::{altering, altering_driftless};
use crate::folder::{Folder, Output};
use crate::server::Server;

/// A folder with the key of an organization that a server serves from it, and that server's address.
fn served(more: &[&str]) -> (Folder, Server, String) {
    let (folder, key) = Folder::with_key();
    folder.write("key", format!("{key}\n"));
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("cert.pem", certified.cert.pem());
    folder.write("key.pem", certified.signing_key.serialize_pem());
    let server = Server::listening(folder.serving(more));
    let port = server.address.port();
    (folder, server, format!("localhost:{port}"))
}

/// Runs the mirror, which must leave nothing behind; what it says.
#[track_caller]
fn refused(folder: &Folder, from: &str, to: &str) -> String {
    let before = folder.names("");
    // Where patience would not help, none must be had: the test waits for less long than this.
    let line =
        format!("mirror run --from {from} --org acme --key-file key --to {to} --patience 1h");
    let told = folder.refused(&line);
    assert_eq!(folder.names(""), before, "{told}");
    told
}

#[test]
fn a_certificate_that_nobody_vouches_for_ends_a_run_and_a_comparison_at_once() {
    let (folder, server, host) = served(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let expected = format!(
        "no secure connection with https://{host}/neonws/services/api/common/login: invalid peer certificate: UnknownIssuer. Check the address"
    );
    let told = refused(&folder, &format!("https://{host}"), "sqlite:crm.db");
    assert!(told.starts_with(&expected), "{told}");
    let keys = "--left-key-file key --right-key-file key --patience 1h";
    let line =
        format!("compare --left https://{host} --right https://{host} --left-org acme {keys}");
    let told = folder.refused(&line);
    assert!(told.starts_with(&expected), "{told}");

    // The way out that it names.
    let line =
        format!("mirror run --from https://{host} --org acme --key-file key --to sqlite:crm.db");
    let run = |file: &str| {
        let mut command = folder.command(line.split(' '));
        Output::of(&command.env("SSL_CERT_FILE", file).output().unwrap())
    };
    for (file, why) in [("nowhere", "No such file"), ("key", "it contains no certificate")] {
        let told = run(file);
        let expected = format!("cannot use {file:?}, which SSL_CERT_FILE names: ");
        assert!(told.code == 1 && told.err.contains(&expected), "{told:?}");
        assert!(told.err.contains(why), "{told:?}");
    }
    assert_eq!(run("cert.pem").code, 0);
    server.stop();
}

#[test]
fn a_server_that_speaks_no_tls_ends_a_run_at_once() {
    let (folder, server, host) = served(&[]);
    let told = refused(&folder, &format!("https://{host}"), "sqlite:crm.db");
    assert!(told.contains("no secure connection") && told.contains("Check the address"), "{told}");
    server.stop();
}

#[test]
fn a_web_page_is_not_taken_for_an_answer() {
    let (folder, server, host) = served(&[]);
    let page = |of: &str| altering(of, |_, _| "<html>Welcome</html>".to_owned());
    let told = refused(&folder, &page(&format!("http://{host}")), "sqlite:crm.db");
    let expected = "does not answer as API v1 does (status 200): it begins \"<html>Welcome</html>\"; is the address right?";
    assert!(told.ends_with(expected), "{told}");
    // A proxy that answers so only after the login.
    let later = altering(&format!("http://{host}"), |path, body| match path.ends_with("login") {
        true => body,
        false => "<html>Down for maintenance</html>".to_owned(),
    });
    let line = format!("mirror run --from {later} --org acme --key-file key --to sqlite:crm.db");
    // It may be gone in a moment: it is asked twice more.
    let told = folder.run(&line);
    let down = "it begins \"<html>Down for maintenance</html>\"";
    assert_eq!((told.code, told.err.matches(down).count()), (1, 3), "{}", told.shown());
    // Nothing was written: the address is that of another source, and the target takes it.
    let from = format!("http://{host}");
    folder.ok(&format!("mirror run --from {from} --org acme --key-file key --to sqlite:crm.db"));
    server.stop();
}

#[test]
fn digests_of_ids_that_there_cannot_be_are_not_believed() {
    let (folder, server, host) = served(&[]);
    let from = altering_driftless(&format!("http://{host}"), |_, body| {
        let ids = format!("\"toActivityId\":{}", domain::ID_MAX);
        body.replace(&ids, &format!("\"toActivityId\":{}", i64::MAX))
    });
    let line = format!("--from {from} --org acme --key-file key --to sqlite:crm.db");
    folder.ok(&format!("mirror run {line}"));
    let told = folder.run(&format!("mirror verify {line} --patience 1ms"));
    let expected = "gave an impossible answer: the ids 1 to 9007199254740991 are not divided";
    assert!(told.code == 1 && told.err.contains(expected), "{told:?}");
    server.stop();
}

#[test]
fn a_target_that_cannot_be_written_is_named() {
    let (folder, server, host) = served(&[]);
    let from = format!("http://{host}");
    // Not even root may create a file there.
    for to in ["sqlite:/sys/crm.db", "csv:/sys/crm.csv", "jsonl:/sys/changes"] {
        let told = refused(&folder, &from, to);
        let path = to.split_once(':').unwrap().1;
        assert!(told.contains(path), "{to}: {told}");
    }
    server.stop();
}

#[test]
fn a_server_that_cuts_every_connection_is_waited_for_and_then_told() {
    let (folder, server, _) = served(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let from = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1]).and_then(|_| stream.write(b"HTTP/1.1 200 OK\r\n"));
        }
    });
    let line = format!("mirror run --from {from} --org acme --key-file key --to sqlite:crm.db");
    let told = folder.run(&format!("{line} --patience 1ms"));
    assert!(told.code == 1 && told.err.contains("is not available"), "{told:?}");
    server.stop();
}
