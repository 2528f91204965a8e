//! Signals: which end a server, and how; a certificate that is replaced under it; a limit on files.

use std::process::Command;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::client::{ALL, Client, creation};
use crate::folder::Folder;
use crate::server::{Server, WAIT_MAX};

#[test]
fn a_signal_that_would_end_the_process_stops_the_server_in_order() {
    let (folder, _) = Folder::with_key();
    let linux = ["-IO", "-PWR", "-STKFLT", "-34", "-40", "-64"];
    let all = ["-QUIT", "-USR1", "-USR2", "-ALRM", "-VTALRM", "-PROF", "-XCPU"];
    let here = if cfg!(target_os = "linux") { &linux[..] } else { &[] };
    for signal in all.iter().chain(here) {
        let server = folder.serve();
        server.signal(signal);
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{signal}: {log:?}");
        assert!(log.last().unwrap().contains("stopped"), "{signal}: {log:?}");
    }
}

#[test]
fn a_hangup_and_a_broken_pipe_do_not_end_it() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    for signal in ["-HUP", "-PIPE", "-XFSZ", "-HUP"] {
        server.signal(signal);
    }
    for _ in 0..2 {
        server.log.wait_for("the hangup", |line| line.contains("SIGHUP"));
        let id = client.create("Call");
        assert!(client.sync(ALL).ids().contains(&id));
    }
    server.stop();
}

/// A terminal that is closed takes the demo with it.
#[test]
fn a_hangup_stops_the_demo_in_order() {
    let folder = Folder::new();
    let server =
        Server::spawn(folder.command("demo --listen 127.0.0.1:0 --activities 5".split(' ')));
    server.out.wait_for("the demo", |line| line.contains("Ctrl-C"));
    server.signal("-HUP");
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(log.last().unwrap().contains("stopped"), "{log:?}");
}

fn put_certificate(folder: &Folder) -> CertifiedKey<KeyPair> {
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("cert.pem", certified.cert.pem());
    folder.write("key.pem", certified.signing_key.serialize_pem());
    certified
}

/// Whether a client that trusts this certificate alone gets through.
fn trusts(server: &Server, certified: &CertifiedKey<KeyPair>) -> bool {
    let trusted = Certificate::from_der(certified.cert.der()).to_owned();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[trusted])).build();
    let config = Agent::config_builder().timeout_global(Some(WAIT_MAX)).tls_config(tls);
    let agent: Agent = config.build().into();
    agent.get(format!("https://localhost:{}/healthz", server.address.port())).call().is_ok()
}

#[test]
fn a_hangup_has_the_certificate_read_anew_and_a_bad_one_changes_nothing() {
    let (folder, _) = Folder::with_key();
    let first = put_certificate(&folder);
    let command = folder.serving(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let server = Server::listening(command);
    assert!(trusts(&server, &first));

    let second = put_certificate(&folder);
    assert!(trusts(&server, &first), "until it is told");
    server.signal("-HUP");
    server.log.wait_for("the new one", |line| line.contains("the certificate was reloaded"));
    assert!(trusts(&server, &second));
    assert!(!trusts(&server, &first));

    folder.write("key.pem", KeyPair::generate().unwrap().serialize_pem());
    server.signal("-HUP");
    let line =
        server.log.wait_for("the bad one", |line| line.contains("the previous one stays in use"));
    assert!(line.contains("key.pem does not belong to"), "{line}");
    assert!(trusts(&server, &second));

    let third = put_certificate(&folder);
    let read = || {
        server
            .log
            .so_far()
            .iter()
            .filter(|line| line.contains("the certificate was reloaded"))
            .count()
    };
    let before = read();
    server.signal("-HUP");
    let until = std::time::Instant::now() + WAIT_MAX;
    while read() == before {
        assert!(std::time::Instant::now() < until, "it does not read the third");
        std::thread::yield_now();
    }
    assert!(trusts(&server, &third));
    server.stop();
}

/// A write beyond a limit on files (`ulimit -f`, in blocks of 512 or 1,024 bytes) is an error, and no death.
#[test]
fn a_limit_on_the_size_of_files_does_not_end_it() {
    let (folder, key) = Folder::with_key();
    let serving = folder.serving(&[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 1000; exec \"$@\"", "sh"]).arg(serving.get_program());
    limited.args(serving.get_args()).current_dir(serving.get_current_dir().unwrap());
    let server = Server::of(limited);
    let client = Client::log_in(&server, &key);
    let note = "x".repeat(50_000);
    let is_refused = (0..100).any(|n| {
        let query = format!("{}&activity.note={note}", creation(&format!("Call+{n}")));
        !client.get("createActivity", &query).code().is_empty()
    });
    assert!(is_refused, "the limit is reached");
    assert_eq!(server.get("/healthz").status, 200);
    let (status, log) = {
        server.signal("-TERM");
        server.ended()
    };
    assert!(status.code().is_some(), "no signal has ended it: {status:?} {log:?}");
}
