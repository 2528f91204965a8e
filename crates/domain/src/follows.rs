//! An organization that is kept equal to one of another server.

use crate::Stamp;

/// What an organization follows: as long as it does, only what the source says is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follows {
    /// The address of the source's API.
    pub source: String,
    /// The organization's id there.
    pub organization: String,
    /// From here on the source is asked next, by its clock; none before the first page.
    pub from: Option<Stamp>,
    /// Up to here everything has come, by the source's clock; none before the first complete run.
    pub complete_to: Option<Stamp>,
    /// When everything had come for the first time, by the clock here.
    pub loaded: Option<Stamp>,
    /// What tells the source's log from every other, if the source says it.
    pub log: Option<String>,
    /// When all of it was read last, by the source's clock.
    pub compared: Option<Stamp>,
}

impl Follows {
    /// Whether it is about the same organization of the same server.
    #[must_use]
    pub fn is_same(&self, other: &Follows) -> bool {
        (&self.source, &self.organization) == (&other.source, &other.organization)
    }

    /// The source's address as people know it.
    #[must_use]
    pub fn address(&self) -> &str {
        self.source.strip_suffix(api_v1::PATH).unwrap_or(&self.source)
    }
}
