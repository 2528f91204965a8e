-- What the pages for people need: logins, the order of statuses, accounts by name, what integrations
-- were given.

ALTER TABLE system_user ADD COLUMN login TEXT;              -- the name to sign in with
ALTER TABLE system_user ADD COLUMN password TEXT;           -- its argon2id hash; NULL until one is set
ALTER TABLE system_user ADD COLUMN password_set INTEGER;    -- sessions opened before are worth nothing
ALTER TABLE system_user ADD COLUMN zone TEXT;               -- whose clocks the pages show, where not the organization's
ALTER TABLE system_user ADD COLUMN calendar BLOB;           -- SHA-256 of the secret in the address of the calendar feed
ALTER TABLE system_user ADD COLUMN calendar_created INTEGER;

ALTER TABLE activity_status ADD COLUMN position INTEGER NOT NULL DEFAULT 0;    -- among the statuses to choose from
ALTER TABLE activity_status ADD COLUMN done     INTEGER NOT NULL DEFAULT 0;    -- 1: an activity that has it is done
ALTER TABLE activity_status ADD COLUMN begins   INTEGER NOT NULL DEFAULT 0;    -- 1: new activities begin with it
UPDATE activity_status SET position = id, done = lower(name) = 'completed', begins = lower(name) = 'not started';

ALTER TABLE api_key ADD COLUMN expected_ms INTEGER;         -- how often it is to be asked with

ALTER TABLE organization ADD COLUMN guide_hidden INTEGER NOT NULL DEFAULT 0;   -- 1: an admin has hidden the checklist
ALTER TABLE organization ADD COLUMN examples         INTEGER;    -- how many activities were made up on request
ALTER TABLE organization ADD COLUMN examples_until   INTEGER;    -- the last position that one of their versions may have
ALTER TABLE organization ADD COLUMN example_account  INTEGER;    -- the first of the accounts made up for them
ALTER TABLE organization ADD COLUMN example_accounts INTEGER;    -- how many accounts were made up
ALTER TABLE organization ADD COLUMN examples_removed INTEGER;    -- 1: they have been taken away again
ALTER TABLE organization ADD COLUMN import_columns   TEXT NOT NULL DEFAULT ''; -- what columns have been said to be: name=member, one a line

ALTER TABLE organization ADD COLUMN follows_source       TEXT;    -- the API that it is kept equal to
ALTER TABLE organization ADD COLUMN follows_organization TEXT;    -- the organization there
ALTER TABLE organization ADD COLUMN follows_from         INTEGER; -- from here on it is asked next
ALTER TABLE organization ADD COLUMN follows_complete_to  INTEGER; -- up to here everything has come, by its clock
ALTER TABLE organization ADD COLUMN follows_loaded       INTEGER; -- when everything had come for the first time
ALTER TABLE organization ADD COLUMN follows_log          TEXT;    -- what tells its log from every other
ALTER TABLE organization ADD COLUMN follows_compared     INTEGER; -- when all of it was read last, by its clock

-- A session is opened with a key or with a login.
CREATE TABLE session_of_two_kinds (
    organization INTEGER NOT NULL,
    hash         BLOB    NOT NULL,      -- SHA-256 of the session id
    api_key      INTEGER,
    system_user  INTEGER,               -- where it was opened with a login
    created      INTEGER NOT NULL,
    last_used    INTEGER NOT NULL,
    stays        INTEGER NOT NULL DEFAULT 0,    -- 1: a person asked to stay signed in
    PRIMARY KEY (organization, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO session_of_two_kinds (organization, hash, api_key, created, last_used)
    SELECT organization, hash, api_key, created, last_used FROM session;
DROP TABLE session;
ALTER TABLE session_of_two_kinds RENAME TO session;

CREATE TABLE account (
    organization INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

-- What each key has asked for, and what of it was delivered.
CREATE TABLE coverage (
    organization INTEGER NOT NULL,
    api_key      INTEGER NOT NULL,
    document     TEXT    NOT NULL,      -- JSON
    checksum     INTEGER NOT NULL,      -- of the document
    PRIMARY KEY (organization, api_key)
) STRICT, WITHOUT ROWID;

-- The audit log.
CREATE TABLE audit (
    organization INTEGER NOT NULL,
    number       INTEGER NOT NULL,      -- counts up within an organization
    at           INTEGER NOT NULL,
    last         INTEGER NOT NULL,      -- of several that are counted together, when the last one was
    count        INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    actor        INTEGER NOT NULL,      -- 1 person, 2 key, 3 command line, 4 setup link, 5 unknown
    actor_id     INTEGER,               -- of a person or a key
    address      TEXT,                  -- the client's, where it is known
    what         TEXT    NOT NULL,
    PRIMARY KEY (organization, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_of_kind ON audit (organization, kind, number);
CREATE INDEX audit_of_actor ON audit (organization, actor, actor_id, number);
