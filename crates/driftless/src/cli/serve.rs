//! `demo` and `serve`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use web::BasePath;

use crate::address::Address;
use crate::forwarded::TrustedProxy;
use edge::CONNECTIONS_MAX;

#[derive(Args, Debug)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) listening: Listening,
    /// How many activities a new demo gets, in addition to the manual's two.
    #[arg(long, env = "DRIFTLESS_DEMO_ACTIVITIES", default_value_t = 1_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(0..=2_000_000))]
    pub(crate) activities: u32,
    #[command(flatten)]
    pub(crate) proxied: Proxied,
}

/// Where the server accepts connections.
#[derive(Args, Debug)]
pub(crate) struct Listening {
    /// The address to listen on: an IP address or host name, and a port.
    #[arg(
        long,
        env = "DRIFTLESS_LISTEN",
        default_value = "127.0.0.1:8420",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: Address,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) listening: Listening,
    /// Serve over TLS with this PEM certificate chain.
    #[arg(long, env = "DRIFTLESS_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    #[arg(long, env = "DRIFTLESS_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Start with a new, empty data folder if there is no data yet. Without this option, the server refuses to
    /// start without data.
    #[arg(long, env = "DRIFTLESS_INIT", value_parser = BoolishValueParser::new())]
    pub(crate) init: bool,
    /// Start even though the clock differs from the stored times by more than a day. Use it for one start only,
    /// after making sure that the clock is right.
    ///
    /// If the clock is behind the stored times, integrations that have received a later time must read everything
    /// again from before now.
    #[arg(long, env = "DRIFTLESS_ACCEPT_CLOCK", value_parser = BoolishValueParser::new())]
    pub(crate) accept_clock: bool,
    #[command(flatten)]
    pub(crate) proxied: Proxied,
    #[command(flatten)]
    pub(crate) tuning: Tuning,
}

/// Settings for a reverse proxy in front of the server.
#[derive(Args, Debug, Clone)]
pub(crate) struct Proxied {
    /// Proxies whose Forwarded and X-Forwarded-For, -Proto and -Host headers are trusted: addresses, ranges
    /// like 10.0.0.0/8, or none.
    #[arg(
        long = "trusted-proxy",
        env = "DRIFTLESS_TRUSTED_PROXY",
        value_name = "ADDRESSES",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1"
    )]
    pub(crate) trusted: Vec<TrustedProxy>,
    /// The path under which a proxy serves this server, like /crm. The proxy may strip the path or keep it.
    #[arg(
        long,
        env = "DRIFTLESS_BASE_PATH",
        default_value = "/",
        hide_default_value = true,
        value_name = "PATH"
    )]
    pub(crate) base_path: BasePath,
}

/// Server settings that rarely need changing.
#[derive(Args, Debug, Clone)]
pub(crate) struct Tuning {
    /// The largest page size; requests for larger pages get this size.
    #[arg(long, env = "DRIFTLESS_PAGE_SIZE_MAX", default_value_t = 200, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) page_size_max: u32,
    /// How many requests one organization may have in progress at once; further ones get code 2.
    #[arg(long, env = "DRIFTLESS_REQUESTS_MAX", default_value_t = 256, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) requests_max: u32,
    /// How many connections there can be at once. An address can have an eighth of them, a trusted proxy all.
    #[arg(long, env = "DRIFTLESS_CONNECTIONS_MAX", default_value_t = CONNECTIONS_MAX, value_name = "N",
          value_parser = clap::value_parser!(u32).range(8..=1_000_000))]
    pub(crate) connections_max: u32,
    /// Memory for caches, in MiB.
    #[arg(long, env = "DRIFTLESS_CACHE_MIB", default_value_t = 256, value_name = "MIB",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) cache_mib: u32,
    /// Activities can only be read while the disk has less free space than this, in MiB.
    #[arg(long, env = "DRIFTLESS_DISK_RESERVE_MIB", default_value_t = 256, value_name = "MIB",
          value_parser = clap::value_parser!(u32).range(0..=1_000_000_000))]
    pub(crate) disk_reserve_mib: u32,
    /// How much each organization can store, in MiB: all versions of its activities. Without this,
    /// there is no limit.
    #[arg(long, env = "DRIFTLESS_QUOTA_MIB", value_name = "MIB",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quota_mib: Option<u32>,
    /// The format of the log, which is written to standard error.
    #[arg(long, env = "DRIFTLESS_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

impl Default for Tuning {
    /// The defaults, which the demo uses.
    fn default() -> Tuning {
        Tuning {
            page_size_max: 200,
            requests_max: 256,
            connections_max: CONNECTIONS_MAX,
            cache_mib: 256,
            disk_reserve_mib: 256,
            quota_mib: None,
            log_format: LogFormat::Text,
        }
    }
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines of text with fields as name=value.
    Text,
    /// One JSON object per line.
    Json,
}
