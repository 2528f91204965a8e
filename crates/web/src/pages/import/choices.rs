//! What an admin says of a file that it does not say itself, and how it is to be imported.

use domain::Zone;
use files::{ColumnName, Dates, TableColumn};
use service::ImportOptions;

use super::uploads::Upload;
use crate::fields::Fields;
use crate::form::{Wrong, zone_typed};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Choices {
    /// Columns that are something else than they are known as.
    pub(super) columns: Vec<ColumnName>,
    /// In which order dates with slashes are written.
    pub(super) dates: Option<Dates>,
    /// The zone of times that name none; none for the one that its system writes, or the organization's.
    pub(super) zone: Option<Zone>,
    pub(super) overwrite: bool,
    pub(super) restore: bool,
    /// Whether people, accounts and statuses that are missing are added.
    pub(super) add: bool,
}

/// The control that says what a column is.
pub(super) fn column_field(at: usize) -> String {
    format!("column.{at}")
}

impl Choices {
    /// Reads the form of the preview.
    pub(super) fn parse(fields: &Fields, columns: &[TableColumn], wrong: &mut Wrong) -> Choices {
        let chosen = columns.iter().enumerate().filter_map(|(at, column)| {
            let field = column_field(at);
            let member = fields.get(&field);
            let is_other = fields.has(&field) && member != column.member.unwrap_or_default();
            is_other.then(|| format!("{}={member}", column.name).parse::<ColumnName>().ok())?
        });
        let columns = chosen.collect();
        let zone = match fields.get("zone") {
            "" => None,
            zone => wrong.check("zone", zone_typed(zone)),
        };
        Choices {
            columns,
            dates: fields.get("dates").parse().ok(),
            zone,
            overwrite: fields.has("overwrite"),
            restore: fields.has("restore"),
            add: fields.has("add"),
        }
    }

    /// What a column has been chosen to be; what it is known as, where nothing was chosen.
    pub(super) fn member(&self, column: &TableColumn) -> &'static str {
        let chosen = self.columns.iter().find(|chosen| chosen.name() == column.name.trim());
        chosen.map_or(column.member.unwrap_or_default(), ColumnName::member)
    }

    /// How to import a file, which bears the name of who has uploaded it.
    pub(super) fn options(&self, upload: &Upload, dry_run: bool) -> ImportOptions {
        let (restore, overwrite, by) = (self.restore, self.overwrite, Some(upload.user));
        ImportOptions { dry_run, restore, overwrite, by }
    }
}
