//! TLS and its files.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio_rustls::TlsConnector;

use super::super::tls::Tls;
use super::*;

/// A folder with a certificate for `localhost` and its key.
struct Files {
    folder: TempDir,
    certified: CertifiedKey<KeyPair>,
}

impl Files {
    fn new() -> Self {
        let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let files = Self { folder: tempfile::tempdir().unwrap(), certified };
        files.write("cert.pem", &files.certified.cert.pem());
        files.write("key.pem", &files.certified.signing_key.serialize_pem());
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    async fn serve(&self, limits: Limits) -> Server {
        let tls = Tls::load(&self.path("cert.pem"), &self.path("key.pem")).unwrap();
        Server::of(Edge { tls: Some(Arc::new(tls)), ..edge(echo(), limits) }).await
    }

    fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.certified.cert.der().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsConnector::from(Arc::new(config))
    }

    /// Loads the two files and checks what is said about them.
    #[track_caller]
    fn check_error(&self, certificate: &str, key: &str, expected: &str) {
        let Err(error) = Tls::load(&self.path(certificate), &self.path(key)) else {
            panic!("{certificate} and {key} were accepted");
        };
        let folder = format!("{}/", self.folder.path().display());
        assert_eq!(error.to_string().replace(&folder, ""), expected);
    }
}

#[tokio::test]
async fn requests_and_refusals_travel_over_tls() {
    let files = Files::new();
    let server = files.serve(patient()).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = within(files.connector().connect(name, stream)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let mut client = Client { stream };
    assert_eq!(client.get("/echo/one").await.body, "{\"echo\":\"one\"}");
    assert_eq!(client.get("/echo/two").await.body, "{\"echo\":\"two\"}");
    client.send("rubbish\r\n\r\n").await;
    assert_eq!(client.receive().await.body, "{\"refused\":{\"status\":400}}");
    assert_eq!(client.read_to_end().await, b"");
}

#[tokio::test]
async fn a_failed_handshake_ends_only_its_connection() {
    let files = Files::new();
    let server = files.serve(patient()).await;
    let mut plain = server.connect().await;
    plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut alert = Vec::new();
    let _ = within(plain.stream.read_to_end(&mut alert)).await;
    assert!(!alert.starts_with(b"HTTP"));

    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = within(files.connector().connect(name, stream)).await.unwrap();
    assert_eq!(Client { stream }.get("/echo/alive").await.status, 200);
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_closed() {
    let server = Files::new().serve(Limits { header_read: SOON, ..patient() }).await;
    assert_eq!(server.connect().await.read_to_end().await, b"");
}

#[test]
fn wrong_files_are_named_and_explained() {
    let files = Files::new();
    files.write("empty.pem", "");
    files.write("torn.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    files.write("no-der.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    files.write("other-key.pem", &KeyPair::generate().unwrap().serialize_pem());

    files.check_error(
        "absent.pem",
        "key.pem",
        "cannot read absent.pem: No such file or directory (os error 2)",
    );
    files.check_error(
        "cert.pem",
        "absent.pem",
        "cannot read absent.pem: No such file or directory (os error 2)",
    );
    files.check_error(
        "empty.pem",
        "key.pem",
        "empty.pem contains no certificate (expected a BEGIN CERTIFICATE line)",
    );
    files.check_error(
        "key.pem",
        "key.pem",
        "key.pem contains no certificate (expected a BEGIN CERTIFICATE line)",
    );
    files.check_error(
        "cert.pem",
        "cert.pem",
        "cert.pem contains no unencrypted private key (expected a BEGIN PRIVATE KEY line)",
    );
    files.check_error(
        "torn.pem",
        "key.pem",
        "torn.pem is not a valid PEM file: an END line is missing",
    );
    files.check_error(
        "cert.pem",
        "other-key.pem",
        "the key in other-key.pem does not belong to the first certificate in cert.pem",
    );
    files.check_error(
        "no-der.pem",
        "key.pem",
        "cannot use the certificate in no-der.pem with the key in key.pem: \
         invalid peer certificate: BadEncoding",
    );
}
