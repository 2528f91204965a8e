-- The embedded store. Every table is keyed by the organization first, so that no query can leave it
-- out and one organization's rows lie together. Times are milliseconds UTC since 1970.

-- What is kept once per data folder.
CREATE TABLE folder (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    lease INTEGER NOT NULL,             -- no instant after this one has been exposed
    clean INTEGER NOT NULL,             -- 1: the last owner ended in order
    boot  TEXT    NOT NULL,             -- on which start of the machine it worked
    lost_before INTEGER NOT NULL,       -- up to here, runs may have been lost
    transactions INTEGER NOT NULL,      -- how many changed something else than activities, sessions and runs
    device_key BLOB                     -- what device cookies are signed with
) STRICT;

-- What tells this database from every other: the marker beside it names it too.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id  BLOB    NOT NULL
) STRICT;

CREATE TABLE organization (
    organization INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    zone         TEXT    NOT NULL,
    stage        INTEGER NOT NULL,      -- 1 fresh, 2 a first import is under way, 3 open
    last_user_named INTEGER NOT NULL    -- the greatest system user that an activity ever named, or 0
) STRICT;

CREATE TABLE system_user (
    organization INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    disabled     INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    organization INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    system_user  INTEGER NOT NULL,
    label        TEXT    NOT NULL,
    hash         BLOB    NOT NULL,      -- SHA-256 of the key
    created      INTEGER NOT NULL,
    revoked      INTEGER NOT NULL,
    last_login   INTEGER,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE activity_status (
    organization INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    retired      INTEGER NOT NULL,
    spreading    INTEGER NOT NULL,      -- 1: records still show an older name
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

-- The log: append only, never changed, never shortened.
CREATE TABLE change (
    organization INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    stamp        INTEGER NOT NULL,
    activity     INTEGER NOT NULL,
    kind         INTEGER NOT NULL,      -- 1 record, 2 tombstone
    actor        INTEGER,               -- the system user, where there is one
    origin       INTEGER NOT NULL,      -- 1 API, 2 web, 3 import, 4 command line, 5 examples
    previous     INTEGER,               -- seq of the version that this one supersedes
    document     TEXT,                  -- the content, of a record: a JSON array, see store/content.rs
    checksum     INTEGER NOT NULL,      -- CRC-32 of the columns before it
    PRIMARY KEY (organization, seq)
) STRICT, WITHOUT ROWID;

-- The current state: one row for every activity that ever was, removed ones included, so that no id
-- is handed out twice.
CREATE TABLE activity (
    organization INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    seq          INTEGER NOT NULL,      -- its version in the log
    stamp        INTEGER NOT NULL,
    removed      INTEGER NOT NULL,
    subject      TEXT,
    starts       INTEGER,
    ends         INTEGER,
    client       INTEGER,
    system_user  INTEGER,
    status       INTEGER,
    priority     INTEGER,               -- 1 low, 2 normal, 3 high
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    organization INTEGER NOT NULL,
    hash         BLOB    NOT NULL,      -- SHA-256 of the session id
    api_key      INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    last_used    INTEGER NOT NULL,
    PRIMARY KEY (organization, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    organization INTEGER NOT NULL,
    session      BLOB    NOT NULL,
    query        BLOB    NOT NULL,
    upper_bound  INTEGER NOT NULL,
    api_key      INTEGER NOT NULL,
    number       INTEGER NOT NULL,      -- runs count up within an organization
    page_size    INTEGER NOT NULL,      -- records on each of its pages
    seq          INTEGER NOT NULL,      -- the view
    horizon      INTEGER NOT NULL,
    first_served INTEGER NOT NULL,
    last_page    INTEGER NOT NULL,
    last_used    INTEGER NOT NULL,
    PRIMARY KEY (organization, session, query, upper_bound)
) STRICT, WITHOUT ROWID;
