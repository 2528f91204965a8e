//! The address of a PostgreSQL server, and TLS.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use postgres::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{failed, told};
use crate::target::TargetError;

/// A server that cannot be connected to for that long is given up.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// So is a connection on which the server has not acknowledged anything for that long.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(30);

/// An idle connection is probed after that long, and then again and again.
const PROBE_AFTER: Duration = Duration::from_secs(30);
const PROBE_EVERY: Duration = Duration::from_secs(10);
const PROBES: u32 = 3;

/// An address, and how its server proves who it is.
pub(super) struct Address {
    config: Config,
    /// A file with certificates of authorities; without it, the public ones count.
    roots: Option<PathBuf>,
}

impl Address {
    /// Reads an address as PostgreSQL's own programs do, as far as the client knows its settings. A certificate is
    /// always verified, and its name too.
    pub(super) fn parse(url: &str) -> Result<Address, TargetError> {
        let (before, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut roots, mut others) = (None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslrootcert", _)) => {
                    let value = form_urlencoded::parse(pair.as_bytes()).next();
                    roots = value.map(|(_, file)| PathBuf::from(file.into_owned()));
                }
                Some(("sslmode", "verify-ca" | "verify-full")) => others.push("sslmode=require"),
                _ => others.push(pair),
            }
        }
        let url = format!("{before}?{}", others.join("&"));
        let mut config: Config = url
            .trim_end_matches('?')
            .parse()
            .map_err(|error: postgres::Error| failed("postgresql://…", &error))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WITHIN);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(ACKNOWLEDGE_WITHIN);
        }
        config.keepalives_idle(PROBE_AFTER).keepalives_interval(PROBE_EVERY);
        config.keepalives_retries(PROBES);
        Ok(Address { config, roots })
    }

    pub(super) fn has_host(&self) -> bool {
        !self.config.get_hosts().is_empty() || !self.config.get_hostaddrs().is_empty()
    }

    pub(super) fn name(&self) -> String {
        shown(&self.config)
    }

    pub(super) fn connect(&self) -> Result<Client, TargetError> {
        let connected = self.config.connect(self.tls()?);
        connected.map_err(|error| match is_of_tls(&error) {
            true => self.failed(&format!(
                "{}. Name a file with the certificate of its authority at the end of the address (?sslrootcert=FILE), or connect without TLS (?sslmode=disable)",
                told(&error)
            )),
            false => failed(&self.name(), &error),
        })
    }

    /// TLS is used wherever the server has it (`sslmode=prefer`), unless the address says otherwise.
    fn tls(&self) -> Result<MakeRustlsConnect, TargetError> {
        let mut roots = RootCertStore::empty();
        match &self.roots {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                let unusable =
                    |problem: &dyn Display| self.failed(&format!("{}: {problem}", file.display()));
                let certificates = CertificateDer::pem_file_iter(file);
                for certificate in certificates.map_err(|error| unusable(&error))? {
                    let certificate = certificate.map_err(|error| unusable(&error))?;
                    roots.add(certificate).map_err(|error| unusable(&error))?;
                }
                if roots.is_empty() {
                    return Err(unusable(&"it has no certificate"));
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| self.failed(&error.to_string()))?;
        Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()))
    }

    fn failed(&self, problem: &str) -> TargetError {
        TargetError::Failed { target: self.name(), problem: problem.to_owned() }
    }
}

/// Whether a server could not prove who it is.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let is_it = |error: &(dyn Error + 'static)| {
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        error.is::<rustls::Error>()
            || within.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
    };
    std::iter::successors(Some(error), |error| (**error).source()).any(is_it)
}

/// The address without the password.
fn shown(config: &Config) -> String {
    let hosts: Vec<String> = config.get_hosts().iter().map(|host| format!("{host:?}")).collect();
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or_default();
    let hosts = hosts.join(",").replace("Tcp(\"", "").replace("Unix(\"", "").replace("\")", "");
    format!("postgresql://{user}@{hosts}/{database}")
}
