//! What a batch would change: for a log that tells only of that.

use domain::ActivityId;

use super::{STATEMENTS, SqliteTarget, newest};
use crate::columns::{MODIFIED, Value, values};
use crate::target::{Rows, TargetError};
use crate::{Row, Unreadable};

impl SqliteTarget {
    /// Whether a row would change what is there.
    pub(in crate::target) fn would_write(
        &mut self,
        row: &Row,
        is_repair: bool,
    ) -> Result<bool, TargetError> {
        let held = self.rows_of(&[row.id])?;
        let Some(held) = held.first() else { return Ok(true) };
        let new = values(row);
        let is_older = match (&new[MODIFIED], &held[MODIFIED]) {
            (Value::Time(new), Value::Time(held)) => new < held,
            _ => false,
        };
        Ok(*held != new && (is_repair || !is_older))
    }

    /// Whether a row shows that what was set aside can be read now.
    pub(in crate::target) fn would_make_readable(
        &mut self,
        row: &Row,
        is_repair: bool,
    ) -> Result<bool, TargetError> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM activity_unreadable WHERE {})",
            STATEMENTS.is_readable
        );
        let newest = newest(row, is_repair);
        let looked = self.connection.query_row(&sql, (row.id.0, newest), |row| row.get(0));
        looked.map_err(|error| self.failed(&error))
    }

    /// Whether there is anything of an activity.
    pub(in crate::target) fn has(&mut self, id: ActivityId) -> Result<bool, TargetError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM activity WHERE activity_id = ?1)
            OR EXISTS (SELECT 1 FROM activity_unreadable WHERE activity_id = ?1)";
        let looked = self.connection.query_row(sql, [id.0], |row| row.get(0));
        looked.map_err(|error| self.failed(&error))
    }

    /// Whether setting a record aside would change anything.
    pub(in crate::target) fn would_set_aside(
        &mut self,
        record: &Unreadable,
    ) -> Result<bool, TargetError> {
        let held = self.unreadable_after(ActivityId(record.id.0.saturating_sub(1)), 1)?;
        Ok(!held.contains(&(record.id, record.record.clone())))
    }
}
