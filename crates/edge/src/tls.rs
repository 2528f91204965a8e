//! The server's certificate and key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use service::SystemClock;
use tokio_rustls::TlsAcceptor;

/// Why a certificate and its key cannot be used: whole sentences, with no further source, since
/// they are shown to the operator.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what it is by its message")]
pub enum TlsError {
    #[error("cannot read {path}: {reason}")]
    Read { path: PathBuf, reason: io::Error },
    #[error("{path} is not a valid PEM file: {reason}")]
    Malformed { path: PathBuf, reason: String },
    #[error("{path} contains no certificate (expected a BEGIN CERTIFICATE line)")]
    NoCertificate { path: PathBuf },
    #[error("{path} contains no unencrypted private key (expected a BEGIN PRIVATE KEY line)")]
    NoKey { path: PathBuf },
    #[error("the key in {key} does not belong to the first certificate in {certificate}")]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("cannot use the certificate in {certificate} with the key in {key}: {reason}")]
    Unusable { certificate: PathBuf, key: PathBuf, reason: rustls::Error },
}

/// A certificate and its key as they were when they were read last.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: RwLock<TlsAcceptor>,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load(certificate: &Path, key: &Path) -> Result<Tls, TlsError> {
        let acceptor = RwLock::new(acceptor(certificate, key)?);
        Ok(Tls { certificate: certificate.to_owned(), key: key.to_owned(), acceptor })
    }

    /// Reads them again, for connections that come from now on. Where they will not do, everything stays as it
    /// was.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = acceptor(&self.certificate, &self.key)?;
        *self.acceptor.write() = fresh;
        Ok(())
    }

    /// Shakes hands with the next client.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().clone()
    }
}

/// Loads a PEM chain, the server's own certificate first, and the PEM key that belongs to it.
fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let chain = read_chain(certificate)?;
    let private_key = read_key(key)?;
    // The provider is named because several in one build would make the default one panic.
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(UnixClock))
        .with_safe_default_protocol_versions()
        .map(ServerConfigBuilder::with_no_client_auth)
        .and_then(|builder| builder.with_single_cert(chain, private_key))
        .map_err(|reason| refuse(certificate, key, reason))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The time of sessions that clients may take up again. The library's own clock panics before 1970.
#[derive(Debug)]
pub struct UnixClock;

impl TimeProvider for UnixClock {
    fn current_time(&self) -> Option<UnixTime> {
        let since_1970 = u64::try_from(SystemClock.now().millis()).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(Duration::from_millis(since_1970)))
    }
}

type ServerConfigBuilder = rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>;

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| malformed(path, &error))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey { path: path.to_owned() },
        error => malformed(path, &error),
    })
}

fn malformed(path: &Path, error: &pem::Error) -> TlsError {
    use pem::Error::{IllegalSectionStart, MissingSectionEnd};
    let reason = match error {
        // Their own text shows the line as a list of numbers.
        MissingSectionEnd { .. } => "an END line is missing".to_owned(),
        IllegalSectionStart { .. } => "a BEGIN line is damaged".to_owned(),
        other => other.to_string(),
    };
    TlsError::Malformed { path: path.to_owned(), reason }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|reason| TlsError::Read { path: path.to_owned(), reason })
}

fn refuse(certificate: &Path, key: &Path, reason: rustls::Error) -> TlsError {
    let (certificate, key) = (certificate.to_owned(), key.to_owned());
    match reason {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { certificate, key },
        reason => TlsError::Unusable { certificate, key, reason },
    }
}
