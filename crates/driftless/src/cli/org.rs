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
        /// UTC where none is given; an admin can change it in the pages.
        #[arg(
            long,
            env = "DRIFTLESS_ORG_TIME_ZONE",
            value_name = "ZONE",
            allow_hyphen_values = true
        )]
        #[serde(with = "text::optional")]
        time_zone: Option<Zone>,
    },
    /// List the organizations.
    List,
}
