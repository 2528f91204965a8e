//! `org`.

use clap::Subcommand;
use domain::{Name, OrgId, Zone};
use serde::{Deserialize, Serialize};

use crate::text;

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Org {
    /// Add an organization.
    Add {
        /// The new organization's id, which clients send as login.orgid.
        #[serde(with = "text")]
        org: OrgId,
        /// The name that people see [default: the id].
        #[arg(long, env = "DRIFTLESS_ORG_NAME")]
        #[serde(with = "text::optional")]
        name: Option<Name>,
        /// The time zone in which times are shown: a name like America/Chicago, or an offset like -05:00
        /// [default: UTC]. `org zone`, or an admin in the web pages, can change it.
        #[arg(
            long,
            env = "DRIFTLESS_ORG_TIME_ZONE",
            value_name = "ZONE",
            allow_hyphen_values = true
        )]
        #[serde(with = "text::optional")]
        time_zone: Option<Zone>,
    },
    /// Rename an organization. Its id stays the same.
    Rename {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The new name.
        #[serde(with = "text")]
        name: Name,
    },
    /// Change the time zone in which an organization's times are shown. Activities do not change.
    Zone {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// A name like America/Chicago, or an offset like -05:00.
        #[arg(allow_hyphen_values = true)]
        #[serde(with = "text")]
        zone: Zone,
    },
    /// List the organizations.
    List,
}
