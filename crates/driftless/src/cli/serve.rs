//! `demo` and `serve`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use web::BasePath;

use crate::address::Address;
use crate::forwarded::TrustedProxy;

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Where to listen: an address, or the name of a host, and a port.
    #[arg(
        long,
        env = "DRIFTLESS_LISTEN",
        default_value = "127.0.0.1:8420",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: Address,
    /// How many activities a new demo gets, besides the manual's two.
    #[arg(long, env = "DRIFTLESS_DEMO_ACTIVITIES", default_value_t = 1_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(0..=2_000_000))]
    pub(crate) activities: u32,
    #[command(flatten)]
    pub(crate) proxied: Proxied,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where to listen: an address, or the name of a host, and a port.
    #[arg(
        long,
        env = "DRIFTLESS_LISTEN",
        default_value = "127.0.0.1:8420",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: Address,
    /// Certificate chain in PEM: speak TLS.
    #[arg(long, env = "DRIFTLESS_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(long, env = "DRIFTLESS_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Begin a data folder that has no data yet; without this, a server refuses where there are none.
    #[arg(long, env = "DRIFTLESS_INIT", value_parser = BoolishValueParser::new())]
    pub(crate) init: bool,
    /// For one start: the clock is right, though it lies more than a day from what is kept.
    ///
    /// Where it lies before what has been promised, whoever has been told a later instant has to read
    /// everything again from before now.
    #[arg(long, env = "DRIFTLESS_ACCEPT_CLOCK", value_parser = BoolishValueParser::new())]
    pub(crate) accept_clock: bool,
    #[command(flatten)]
    pub(crate) proxied: Proxied,
    #[command(flatten)]
    pub(crate) tuning: Tuning,
}

/// What there is to know of a proxy in front.
#[derive(Args, Debug, Clone)]
pub(crate) struct Proxied {
    /// Proxies whose Forwarded and X-Forwarded-For, -Proto and -Host are believed: addresses, ranges of them
    /// like 10.0.0.0/8, or none.
    #[arg(
        long = "trusted-proxy",
        env = "DRIFTLESS_TRUSTED_PROXY",
        value_name = "ADDRESSES",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1"
    )]
    pub(crate) trusted: Vec<TrustedProxy>,
    /// The path below which a proxy serves this, like /crm; whether it takes the path away or not.
    #[arg(
        long,
        env = "DRIFTLESS_BASE_PATH",
        default_value = "/",
        hide_default_value = true,
        value_name = "PATH"
    )]
    pub(crate) base_path: BasePath,
}

/// Settings of a server that mostly need no setting.
#[derive(Args, Debug, Clone)]
pub(crate) struct Tuning {
    /// The largest page of an answer; larger ones asked for are cut to this.
    #[arg(long, env = "DRIFTLESS_PAGE_SIZE_MAX", default_value_t = 200, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) page_size_max: u32,
    /// Requests that one organization may have under way at once; more get code 2.
    #[arg(long, env = "DRIFTLESS_REQUESTS_MAX", default_value_t = 256, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) requests_max: u32,
    /// Memory for caches, in MiB.
    #[arg(long, env = "DRIFTLESS_CACHE_MIB", default_value_t = 256, value_name = "MIB",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) cache_mib: u32,
    /// How to write the log on standard error.
    #[arg(long, env = "DRIFTLESS_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

impl Default for Tuning {
    /// What a server goes by when nothing is said; the demo does.
    fn default() -> Tuning {
        Tuning {
            page_size_max: 200,
            requests_max: 256,
            cache_mib: 256,
            log_format: LogFormat::Text,
        }
    }
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people, fields as name=value.
    Text,
    /// One JSON object a line.
    Json,
}
