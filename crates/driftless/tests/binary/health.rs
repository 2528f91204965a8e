//! `driftless health`: one line and an exit code for whoever asks whether a server works.

use std::io::Write;
use std::net::TcpListener;
use std::time::Instant;

use rcgen::generate_simple_self_signed;

use crate::client::{Client, creation};
use crate::folder::{DATA, Folder, Output};
use crate::server::{Server, WAIT_MAX};

/// Asks about a server, with the environment that it was started with.
fn asked(folder: &Folder, words: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = folder.command(["health"].iter().chain(words).copied());
    Output::of(&command.envs(environment.iter().copied()).output().unwrap())
}

fn told(code: i32, line: &str) -> Output {
    Output { code, out: format!("{line}\n"), err: String::new() }
}

/// A server that answers every connection with these bytes.
fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1_024];
            let _ = std::io::Read::read(&mut stream, &mut request);
            let _ = stream.write_all(bytes);
        }
    });
    format!("http://{address}")
}

#[test]
fn a_server_that_works_is_healthy_wherever_its_address_comes_from() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    let (address, port) = (server.address.to_string(), server.address.port().to_string());
    let ready = told(0, &format!("healthy: http://{address}/readyz says ready"));
    assert_eq!(asked(&folder, &[&format!("http://{address}")], &[]), ready);
    assert_eq!(asked(&folder, &[&format!("http://{address}/")], &[]), ready);
    assert_eq!(asked(&folder, &[], &[("DRIFTLESS_LISTEN", &address)]), ready);
    let everywhere = format!("0.0.0.0:{port}");
    assert_eq!(asked(&folder, &[], &[("DRIFTLESS_LISTEN", &everywhere)]), ready);
    let alive = told(0, &format!("healthy: http://{address}/healthz says ok"));
    assert_eq!(asked(&folder, &["--alive", "--listen", &address], &[]), alive);
    server.stop();
    let gone = asked(&folder, &[], &[("DRIFTLESS_LISTEN", &address)]);
    assert_eq!((gone.code, gone.err.as_str()), (1, ""));
    let line = format!("unhealthy: http://{address}/readyz: cannot connect: ");
    assert!(gone.out.starts_with(&line), "{gone:?}");
}

#[test]
fn a_server_that_cannot_work_on_its_data_is_alive_and_not_healthy() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let address = server.address.to_string();
    std::fs::rename(folder.path(DATA).join("driftless.db"), folder.path("elsewhere")).unwrap();
    assert_ne!(client.get("createActivity", &creation("lost")).code(), "");
    let until = Instant::now() + WAIT_MAX;
    let mut ready = asked(&folder, &["--listen", &address], &[]);
    while ready.code == 0 {
        assert!(Instant::now() < until, "it goes on being healthy: {ready:?}");
        ready = asked(&folder, &["--listen", &address], &[]);
    }
    assert_eq!(ready.code, 1, "{ready:?}");
    let line = format!("unhealthy: http://{address}/readyz: the server answers 503: ");
    assert!(ready.out.starts_with(&line), "{ready:?}");
    assert_eq!(asked(&folder, &["--listen", &address, "--alive"], &[]).code, 0);
    std::fs::rename(folder.path("elsewhere"), folder.path(DATA).join("driftless.db")).unwrap();
}

#[test]
fn a_server_with_a_certificate_is_asked_over_tls() {
    let (folder, _) = Folder::with_key();
    let certified = generate_simple_self_signed(["crm.example.org".to_owned()]).unwrap();
    folder.write("cert.pem", certified.cert.pem());
    folder.write("key.pem", certified.signing_key.serialize_pem());
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let server = Server::listening(folder.serving(&tls));
    let address = server.address.to_string();
    let ready = told(0, &format!("healthy: https://{address}/readyz says ready"));
    let environment = [("DRIFTLESS_LISTEN", address.as_str()), ("DRIFTLESS_TLS_CERT", "cert.pem")];
    assert_eq!(asked(&folder, &[], &environment), ready);
    assert_eq!(asked(&folder, &[&format!("https://{address}")], &[]), ready);
    let by_name = asked(&folder, &[&format!("https://localhost:{}", server.address.port())], &[]);
    assert_eq!(by_name.code, 0, "{by_name:?}");
    let plain = asked(&folder, &[&format!("http://{address}")], &[]);
    assert_eq!(plain.code, 1, "{plain:?}");
    server.stop();
}

#[test]
fn what_answers_with_something_else_or_not_at_all_is_not_healthy() {
    let folder = Folder::new();
    let cases: [(&[u8], &str); 4] = [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP; does the server use TLS?"),
        (b"", "the answer is not HTTP; does the server use TLS?"),
        (
            b"HTTP/1.1 404 Not Found\r\n\r\n\n\x1b[2Jno such page\nmore\n",
            "the server answers 404: [2Jno such page",
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "the server answers 302: nothing"),
    ];
    for (bytes, expected) in cases {
        let url = answering(bytes);
        let line = format!("unhealthy: {url}/crm/readyz: {expected}");
        assert_eq!(asked(&folder, &[&format!("{url}/crm/")], &[]), told(1, &line));
    }

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let line = format!("unhealthy: {url}/readyz: no answer within 1 s");
    assert_eq!(asked(&folder, &[&url, "--timeout", "1"], &[]), told(1, &line));
    assert!(folder.names("").is_empty(), "asking leaves nothing behind");
}

#[test]
fn a_text_that_names_no_server_is_wrong_usage() {
    let folder = Folder::new();
    let texts = [
        "crm.example.org",
        "ftp://x",
        "http://",
        "http://ada:secret@x/",
        "http://x/?a=b",
        "/readyz",
    ];
    for text in texts {
        let output = asked(&folder, &[text], &[]);
        assert_eq!((output.code, output.out.as_str()), (2, ""), "{text}: {output:?}");
        assert!(output.err.contains("like http://127.0.0.1:8420"), "{text}: {output:?}");
    }
}
