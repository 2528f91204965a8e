//! A whole organization as one file.

use std::io::{self, Write};

use domain::{OrgId, OrganizationData, Version};

use super::{Format, Writer};

/// Writes a whole organization as a file that [`files::read`] takes.
pub struct OrganizationWriter<W: Write> {
    data: OrganizationData,
    versions: Writer<W>,
    activities: u64,
    removed: u64,
}

impl<W: Write> OrganizationWriter<W> {
    /// Begins a file with everything but the activities. Lines are written to `out` one by one: give it a
    /// buffer.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn new(org: &OrgId, data: OrganizationData, mut out: W) -> io::Result<Self> {
        files::write_beginning(org, &data, &mut out)?;
        let versions = Writer::new(Format::JsonLines, data.zone.clone(), out)?;
        Ok(OrganizationWriter { data, versions, activities: 0, removed: 0 })
    }

    /// Writes a version: a record, or that the activity was removed.
    ///
    /// # Errors
    /// When the output does not take it.
    pub fn write(&mut self, version: &Version) -> io::Result<()> {
        match version.record() {
            Some(_) => self.activities += 1,
            None => self.removed += 1,
        }
        self.versions.write(version)
    }

    /// Ends the file and gives the output back, flushed.
    ///
    /// # Errors
    /// When the output does not take the rest.
    pub fn finish(self) -> io::Result<W> {
        let mut out = self.versions.finish()?;
        files::write_end(&self.data, self.activities, self.removed, &mut out)?;
        out.flush()?;
        Ok(out)
    }
}
