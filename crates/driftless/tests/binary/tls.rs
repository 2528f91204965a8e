//! TLS, from the files to the answer.

use rcgen::generate_simple_self_signed;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::client::{ALL, Client};
use crate::fake_clock::FakeClock;
use crate::folder::Folder;
use crate::server::{Server, WAIT_MAX};

#[test]
fn the_api_is_served_over_tls() {
    let (folder, key) = Folder::with_key();
    serve_over_tls(&folder, &key);
}

#[test]
fn the_api_is_served_over_tls_before_1970() {
    let clock = FakeClock::ahead(0);
    clock.set("1960-02-29T12:00:00Z");
    let (folder, key) = Folder::with_key_and_clock(&clock);
    serve_over_tls(&folder, &key);
}

#[track_caller]
fn serve_over_tls(folder: &Folder, key: &str) {
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("cert.pem", certified.cert.pem());
    folder.write("key.pem", certified.signing_key.serialize_pem());
    let command = folder.serving(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let server = Server::listening(command);

    let trusted = Certificate::from_der(certified.cert.der()).to_owned();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[trusted])).build();
    let agent = || Agent::config_builder().timeout_global(Some(WAIT_MAX));
    let base = format!("https://localhost:{}", server.address.port());
    let client = Client::log_in_by(agent().tls_config(tls).build().into(), base.clone(), key);
    let id = client.create("Call");
    assert_eq!(client.sync(ALL).ids(), [id]);

    let stranger: Agent = agent().build().into();
    let refused = stranger.get(format!("{base}/healthz")).call().unwrap_err();
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
    let plain: Agent = agent().build().into();
    plain.get(format!("http://{}/healthz", server.address)).call().unwrap_err();
    let log = server.stop();
    assert!(!log.iter().any(|line| line.contains("panicked")), "{log:?}");
}

#[test]
fn files_that_will_not_do_are_named() {
    let (folder, _) = Folder::with_key();
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("cert.pem", certified.cert.pem());
    folder.write("key.pem", certified.signing_key.serialize_pem());
    folder.write("letter.txt", "Dear all");
    let cases = [
        ("missing.pem", "key.pem", "cannot read missing.pem: "),
        ("cert.pem", "missing.pem", "cannot read missing.pem: "),
        ("letter.txt", "key.pem", "letter.txt contains no certificate"),
        ("cert.pem", "letter.txt", "letter.txt contains no unencrypted private key"),
    ];
    for (certificate, key, expected) in cases {
        let line = format!("serve --listen 127.0.0.1:0 --tls-cert {certificate} --tls-key {key}");
        let said = folder.refused(&line);
        assert!(said.starts_with(expected), "{said}");
    }
}
