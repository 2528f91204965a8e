//! The marker: a small file next to the database that says what the database must contain. SQLite cannot know
//! that its write-ahead log was removed, or that the file was replaced by an older copy; a server that starts on
//! such a database would reuse ids and not report what was lost.
//!
//! It says which database it belongs to, up to which instant anything may have been exposed (the lease), and how
//! far each organization's log has come. It never says more than the database has on disk: it is written after a
//! durable commit, and before one that takes something back. So it may be older than the database, for example
//! after a power cut, and whatever it names that the database does not have is lost.
//!
//! A commit costs one write of 32 bytes for each organization in it, and no sync: a killed process leaves
//! what it has written. It is synced with each new lease, which is every few seconds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use domain::{OrgKey, Seq, Stamp};
use rusqlite::{Connection, OptionalExtension};
use store::{Durability, StoreError};

use crate::{failed, open, rows};

/// The name of the marker within a data folder.
pub const MARKER_FILE: &str = "driftless.marker";

/// What a marker begins with; the digit is its form's.
const MAGIC: [u8; 8] = *b"DRFTMRK1";

/// Every record ends with its checksum. A sector of a disk holds a whole number of them, and a sector is
/// written as a whole or not at all: a power cut leaves the older record, the newer one, or zeros where the
/// file has grown. So a checksum that is wrong is damage. On a disk that tears sectors it may be a false
/// alarm: that is better than to take the marker for none.
const RECORD_BYTES: usize = 32;
const CONTENT_BYTES: usize = RECORD_BYTES - 4;

/// The places of the records before those of organizations.
const IDENTITY_AT: u64 = 0;
const LEASE_AT: u64 = 1;
const HEADS_AT: u64 = 2;

/// What tells a database from every other.
pub(crate) type Identity = [u8; 16];

/// What a transaction is going to have told, or a marker says has been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The promise, where there is a new one.
    pub(crate) lease: Option<Stamp>,
    /// The position of the last version of each organization that has changed.
    pub(crate) heads: BTreeMap<OrgKey, Seq>,
}

/// What a marker's file says.
pub(crate) struct Content {
    identity: Identity,
    told: Told,
    /// Where each organization's record stands.
    places: BTreeMap<OrgKey, u64>,
    /// Where the next organization's will.
    end: u64,
}

/// Why a marker that is there says nothing.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is not what was written.
    Damaged(String),
    /// The operating system could not read it.
    Failed(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Unreadable {
        Unreadable::Failed(error)
    }
}

impl Content {
    /// Reads the marker of a folder; none where there is none. Not while it is written to.
    pub(crate) fn read(folder: &Path) -> Result<Option<Content>, Unreadable> {
        let mut bytes = Vec::new();
        match File::open(folder.join(MARKER_FILE)) {
            Ok(mut file) => file.read_to_end(&mut bytes)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        Content::of(&bytes).map(Some).map_err(Unreadable::Damaged)
    }

    fn of(bytes: &[u8]) -> Result<Content, String> {
        let mut records = (0..).zip(bytes.chunks(RECORD_BYTES));
        // It is on disk before the file has its name.
        let first = records.next().and_then(|(_, first)| intact(first));
        let identity = first.and_then(|first| identity_in(&first));
        let identity = identity.ok_or("it does not start like a marker")?;
        let mut content = Content {
            identity,
            told: Told::default(),
            places: BTreeMap::new(),
            end: HEADS_AT.max(bytes.len().div_ceil(RECORD_BYTES) as u64),
        };
        for (place, record) in records {
            if *record == [0; RECORD_BYTES] {
                continue; // The file has grown, and the power was cut before it was written.
            }
            let wrong = || format!("the checksum at byte {} is wrong", place * RECORD_BYTES as u64);
            let (key, number) = numbers_in(&intact(record).ok_or_else(wrong)?);
            if place == LEASE_AT {
                content.told.lease = Some(Stamp::from_millis(number));
            } else {
                content.told.heads.insert(OrgKey(key), rows::seq(number));
                content.places.insert(OrgKey(key), place);
            }
        }
        Ok(content)
    }

    /// What the database lacks of it, in words; none if nothing.
    pub(crate) fn lacking(&self, database: &Connection) -> rusqlite::Result<Option<Lacking>> {
        if identity(database)? != Some(self.identity) {
            return Ok(Some(Lacking::Everything));
        }
        let mut lacking = Vec::new();
        for (key, told) in &self.told.heads {
            let sql = "SELECT coalesce(max(seq), 0) FROM change WHERE organization = ?1";
            let found: i64 = database.query_row(sql, (key.0,), |row| row.get(0))?;
            if rows::seq(found) < *told {
                let sql = "SELECT id FROM organization WHERE organization = ?1";
                let id = database.query_row(sql, (key.0,), |row| row.get(0)).optional()?;
                let id: String = id.unwrap_or_else(|| format!("number {}", key.0));
                lacking.push(format!("organization {id} has {found} of {told} versions"));
            }
        }
        if let Some(first) = lacking.first() {
            let more = match lacking.len() - 1 {
                0 => String::new(),
                1 => ", and 1 more organization has lost some".to_owned(),
                more => format!(", and {more} more organizations have lost some"),
            };
            return Ok(Some(Lacking::Part(format!("{first}{more}"))));
        }
        let lease =
            database.query_row("SELECT lease FROM folder", [], |row| row.get(0)).optional()?;
        let lease = lease.map_or(Stamp::MIN, Stamp::from_millis);
        let promised = self.told.lease.filter(|promised| *promised > lease);
        Ok(promised.map(|promised| {
            let at = promised.at_offset(0);
            Lacking::Part(format!(
                "it does not record that clients may have received times up to {at}"
            ))
        }))
    }
}

/// What a database lacks of what its marker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// It is another database.
    Everything,
    /// It is an older one.
    Part(String),
}

/// Whether there is a marker in a folder, be it readable or not.
pub(crate) fn exists(folder: &Path) -> io::Result<bool> {
    folder.join(MARKER_FILE).try_exists()
}

/// What tells this database from every other; none where it has no tables yet.
pub(crate) fn identity(database: &Connection) -> rusqlite::Result<Option<Identity>> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'identity'";
    if database.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    database.query_row("SELECT id FROM identity", [], |row| row.get(0)).optional()
}

/// The marker of a database that is open. The writer's alone.
pub(crate) struct Marker {
    folder: PathBuf,
    /// None where there is no marker until something is committed for good.
    written: Option<Written>,
    /// What the commit under way makes the database to be.
    becoming: Option<Identity>,
    /// What commits have added that a power cut would still take away: it may not be marked yet.
    unsynced: BTreeMap<OrgKey, Seq>,
}

struct Written {
    file: File,
    content: Content,
}

impl Marker {
    /// Goes on with what a folder's marker says, if there is one.
    pub(crate) fn open(folder: &Path, content: Option<Content>) -> io::Result<Marker> {
        let path = folder.join(MARKER_FILE);
        let written = match content {
            Some(content) => {
                Some(Written { file: File::options().write(true).open(path)?, content })
            }
            None => None,
        };
        Ok(Marker { folder: folder.to_owned(), written, becoming: None, unsynced: BTreeMap::new() })
    }

    /// To be called within the transaction before it is committed. What it takes back, the marker does not
    /// say any more from then on, not after a power cut either. A database without a marker becomes another
    /// than the one that it may be a copy of.
    pub(crate) fn before_commit(
        &mut self,
        database: &Connection,
        durability: Durability,
        told: &Told,
    ) -> Result<(), StoreError> {
        for (key, seq) in &told.heads {
            self.unsynced.entry(*key).and_modify(|last| *last = (*last).min(*seq));
        }
        let failed = |e: io::Error| StoreError::Unavailable(format!("{MARKER_FILE}: {e}"));
        match &mut self.written {
            Some(written) => written.lower(told).map_err(failed)?,
            None if durability == Durability::Power => {
                self.becoming = Some(become_another(database)?);
            }
            None => {}
        }
        Ok(())
    }

    /// To be called after the commit. What cannot be written is left out: an older marker is a weaker one,
    /// and no wrong one.
    pub(crate) fn after_commit(&mut self, durability: Durability, told: Told) {
        if durability < Durability::Power {
            self.unsynced.extend(told.heads);
            return;
        }
        if let Some(identity) = self.becoming.take() {
            self.written = Written::create(&self.folder, identity).ok();
        }
        let mut heads = std::mem::take(&mut self.unsynced);
        heads.extend(told.heads);
        if let Some(written) = &mut self.written {
            let _ = written.write(Told { lease: told.lease, heads });
            // Now and then, and not with each commit.
            if told.lease.is_some() {
                let _ = written.file.sync_data();
            }
        }
    }
}

/// Gives a database a new identity.
fn become_another(database: &Connection) -> Result<Identity, StoreError> {
    let sql = "INSERT OR REPLACE INTO identity (one, id) VALUES (1, randomblob(16)) RETURNING id";
    database.query_row(sql, [], |row| row.get(0)).map_err(failed)
}

impl Written {
    /// Under another name first: it is there as a whole or not at all.
    fn create(folder: &Path, identity: Identity) -> io::Result<Written> {
        let (path, new) = (folder.join(MARKER_FILE), folder.join("driftless.marker-new"));
        let file = open::private_file(&new)?;
        let mut first = [0; CONTENT_BYTES];
        first[..8].copy_from_slice(&MAGIC);
        first[8..24].copy_from_slice(&identity);
        file.write_all_at(&record(first), IDENTITY_AT)?;
        file.sync_all()?;
        fs::rename(new, path)?;
        // It is there now, and is to be gone on with: a second one would make the database another once
        // more. Unsynced, a power cut may take it away, and then there is none.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        let (told, places) = (Told::default(), BTreeMap::new());
        Ok(Written { file, content: Content { identity, told, places, end: HEADS_AT } })
    }

    /// Takes back what is said too much, for good.
    fn lower(&mut self, to: &Told) -> io::Result<()> {
        let said = &self.content.told;
        let is_less =
            |(key, seq): &(&OrgKey, &Seq)| said.heads.get(key).is_some_and(|said| *seq < said);
        let less = Told {
            lease: to.lease.filter(|lease| said.lease.is_some_and(|said| *lease < said)),
            heads: to.heads.iter().filter(is_less).map(|(key, seq)| (*key, *seq)).collect(),
        };
        if less == Told::default() {
            return Ok(());
        }
        self.write(less)?;
        self.file.sync_data()
    }

    fn write(&mut self, told: Told) -> io::Result<()> {
        if let Some(lease) = told.lease {
            self.write_record(LEASE_AT, 0, lease.millis())?;
            self.content.told.lease = Some(lease);
        }
        for (key, seq) in told.heads {
            let place = self.content.places.get(&key).copied().unwrap_or(self.content.end);
            self.write_record(place, key.0, rows::number(seq))?;
            self.content.end = self.content.end.max(place + 1);
            self.content.places.insert(key, place);
            self.content.told.heads.insert(key, seq);
        }
        Ok(())
    }

    fn write_record(&self, place: u64, key: i64, number: i64) -> io::Result<()> {
        let mut content = [0; CONTENT_BYTES];
        content[..8].copy_from_slice(&key.to_le_bytes());
        content[8..16].copy_from_slice(&number.to_le_bytes());
        self.file.write_all_at(&record(content), place * RECORD_BYTES as u64)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = self.file.sync_data();
    }
}

fn record(content: [u8; CONTENT_BYTES]) -> [u8; RECORD_BYTES] {
    let mut record = [0; RECORD_BYTES];
    record[..CONTENT_BYTES].copy_from_slice(&content);
    record[CONTENT_BYTES..].copy_from_slice(&crc32fast::hash(&content).to_le_bytes());
    record
}

/// The content of a record; none of one that is not what was written.
fn intact(record: &[u8]) -> Option<[u8; CONTENT_BYTES]> {
    let (content, checksum) = record.split_first_chunk()?;
    (checksum == crc32fast::hash(content).to_le_bytes()).then_some(*content)
}

fn identity_in(content: &[u8; CONTENT_BYTES]) -> Option<Identity> {
    content.strip_prefix(&MAGIC)?.first_chunk().copied()
}

fn numbers_in(content: &[u8; CONTENT_BYTES]) -> (i64, i64) {
    let number = |at: usize| i64::from_le_bytes(std::array::from_fn(|byte| content[at + byte]));
    (number(0), number(8))
}
