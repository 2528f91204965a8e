//! `org`.

use clap::Subcommand;
use domain::{Name, OrgId, Zone};
use serde::{Deserialize, Serialize};

use crate::text;

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Org {
    /// Add an organization.
    Add {
        /// Its id, which clients send as login.orgid.
        #[serde(with = "text")]
        org: OrgId,
        /// The name that people read; the id where none is given.
        #[arg(long, env = "DRIFTLESS_ORG_NAME")]
        #[serde(with = "text::optional")]
        name: Option<Name>,
        /// The zone in which times are shown: a name like America/Chicago, or an offset like -05:00.
        /// UTC where none is given; `org zone`, or an admin in the pages, changes it.
        #[arg(
            long,
            env = "DRIFTLESS_ORG_TIME_ZONE",
            value_name = "ZONE",
            allow_hyphen_values = true
        )]
        #[serde(with = "text::optional")]
        time_zone: Option<Zone>,
    },
    /// Give an organization another name. Its id stays.
    Rename {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The new name.
        #[serde(with = "text")]
        name: Name,
    },
    /// Show the times of an organization in another zone. No activity changes.
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
