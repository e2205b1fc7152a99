-- Unions, people, memberships, transfers, portal bindings, roster imports.
-- Times are microseconds since 1970 UTC; dates are ISO 8601 text; ids carry their shard.
-- What identifies a person stands sealed in one column a row, and blindly indexed; nowhere else.

CREATE TABLE organisation (
    organisation_id INTEGER PRIMARY KEY,
    code            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    kind            TEXT    NOT NULL CHECK (kind IN ('CITY', 'DISTRICT', 'STREET', 'COMMUNITY',
                        'INDUSTRY', 'GRASSROOTS', 'JOINT', 'POOL')),
    state           TEXT    NOT NULL CHECK (state IN ('REGISTERED', 'ACTIVE', 'SUSPENDED',
                        'MERGED', 'DISSOLVED')),
    parent_id       INTEGER REFERENCES organisation (organisation_id),
    path            TEXT    NOT NULL UNIQUE,      -- ids from the city federation down: /1/7/93/
    credit_code     TEXT,
    reason          TEXT,
    successor_id    INTEGER REFERENCES organisation (organisation_id),
    version         INTEGER NOT NULL,
    CHECK ((kind = 'CITY') = (parent_id IS NULL))
) STRICT;
CREATE INDEX organisation_below ON organisation (parent_id);
CREATE UNIQUE INDEX organisation_root ON organisation (kind) WHERE kind = 'CITY';
CREATE UNIQUE INDEX organisation_unit ON organisation (credit_code)
    WHERE credit_code IS NOT NULL AND state NOT IN ('MERGED', 'DISSOLVED');

CREATE TABLE organisation_place (
    organisation_id INTEGER NOT NULL REFERENCES organisation (organisation_id),
    number          INTEGER NOT NULL,             -- 0 is the first placement
    parent_id       INTEGER NOT NULL,
    since           TEXT    NOT NULL,
    until           TEXT,
    recorded        INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, number)
) STRICT, WITHOUT ROWID;

-- --- people -----------------------------------------------------------------------------------

CREATE TABLE person (
    shard       INTEGER NOT NULL,                 -- of the first document's number
    person_id   INTEGER NOT NULL,
    sealed      BLOB,                             -- versions, documents, mobile; NULL: erased
    merged_into INTEGER,
    version     INTEGER NOT NULL,
    PRIMARY KEY (shard, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_salt (                        -- without it, `sealed` cannot be opened by anybody
    shard     INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    salt      BLOB    NOT NULL CHECK (length(salt) = 16),
    PRIMARY KEY (shard, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_document (                    -- who holds a document; several may, one is on file
    shard     INTEGER NOT NULL,                   -- of this document's number, not of the person
    blind     BLOB    NOT NULL CHECK (length(blind) = 16),
    rank      INTEGER NOT NULL,                   -- 0: on file; else a file in quarantine
    person_id INTEGER NOT NULL,
    PRIMARY KEY (shard, blind, rank)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_mobile (                      -- a mobile number is a way to reach, no identity
    shard     INTEGER NOT NULL,                   -- the first 10 bits of the index
    blind     BLOB    NOT NULL CHECK (length(blind) = 16),
    person_id INTEGER NOT NULL,
    PRIMARY KEY (shard, blind, person_id)
) STRICT, WITHOUT ROWID;

-- --- memberships ------------------------------------------------------------------------------

CREATE TABLE membership (
    shard           INTEGER NOT NULL,
    person_id       INTEGER NOT NULL,
    membership_id   INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('APPLIED', 'ACTIVE', 'RETAINED', 'LEFT',
                        'REJECTED', 'WITHDRAWN', 'VOID')),
    organisation_id INTEGER NOT NULL REFERENCES organisation (organisation_id),
    applied         TEXT    NOT NULL,
    since           TEXT,
    until           TEXT,
    reason          TEXT,
    survivor_id     INTEGER,
    version         INTEGER NOT NULL,
    holds_from      TEXT    NOT NULL,             -- the day from which this version is so
    recorded        INTEGER NOT NULL,             -- the moment from which we know it
    PRIMARY KEY (shard, person_id, membership_id),
    FOREIGN KEY (shard, person_id) REFERENCES person (shard, person_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX membership_open ON membership (shard, person_id)
    WHERE state IN ('APPLIED', 'ACTIVE', 'RETAINED');
CREATE INDEX membership_of_union ON membership (organisation_id, state);

CREATE TABLE membership_past (                    -- the versions before the present one
    shard           INTEGER NOT NULL,
    person_id       INTEGER NOT NULL,
    membership_id   INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    organisation_id INTEGER NOT NULL,
    applied         TEXT    NOT NULL,
    since           TEXT,
    until           TEXT,
    reason          TEXT,
    survivor_id     INTEGER,
    holds_from      TEXT    NOT NULL,
    recorded        INTEGER NOT NULL,
    PRIMARY KEY (shard, person_id, membership_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE affiliation (
    shard           INTEGER NOT NULL,
    person_id       INTEGER NOT NULL,
    affiliation_id  INTEGER NOT NULL,
    membership_id   INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL REFERENCES organisation (organisation_id),
    since           TEXT    NOT NULL,
    until           TEXT,
    recorded        INTEGER NOT NULL,
    superseded      INTEGER,
    PRIMARY KEY (shard, person_id, affiliation_id),
    FOREIGN KEY (shard, person_id, membership_id)
        REFERENCES membership (shard, person_id, membership_id),
    CHECK (until IS NULL OR until >= since)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX affiliation_open ON affiliation (shard, person_id)
    WHERE until IS NULL AND superseded IS NULL;

CREATE TABLE transfer (
    shard         INTEGER NOT NULL,
    transfer_id   INTEGER NOT NULL,
    person_id     INTEGER NOT NULL,
    membership_id INTEGER NOT NULL,
    source_id     INTEGER NOT NULL REFERENCES organisation (organisation_id),
    target_id     INTEGER NOT NULL REFERENCES organisation (organisation_id),
    requested     INTEGER NOT NULL,
    answer_by     INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('REQUESTED', 'RELEASED', 'ESCALATED',
                      'ACCEPTED', 'REFUSED', 'DENIED', 'WITHDRAWN')),
    refused       INTEGER,
    reason        TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (shard, transfer_id),
    CHECK (source_id <> target_id OR state NOT IN ('REQUESTED', 'RELEASED', 'ACCEPTED'))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX transfer_open ON transfer (shard, person_id)
    WHERE state IN ('REQUESTED', 'RELEASED', 'ESCALATED');
CREATE INDEX transfer_from ON transfer (source_id) WHERE state IN ('REQUESTED', 'RELEASED', 'ESCALATED');
CREATE INDEX transfer_to ON transfer (target_id) WHERE state IN ('REQUESTED', 'RELEASED', 'ESCALATED');
CREATE INDEX transfer_due ON transfer (answer_by) WHERE state IN ('REQUESTED', 'RELEASED');

-- --- two persons, portals, rosters ------------------------------------------------------------

CREATE TABLE proposal (                           -- what needs a second person
    proposal_id INTEGER PRIMARY KEY,
    operation   TEXT    NOT NULL,
    subject     INTEGER NOT NULL,
    terms       TEXT    NOT NULL,                 -- JSON of ids, days, reason codes: nothing personal
    maker       TEXT    NOT NULL,
    made        INTEGER NOT NULL,
    checker     TEXT,
    checked     INTEGER,
    state       TEXT    NOT NULL CHECK (state IN ('OPEN', 'CONFIRMED', 'REFUSED')),
    CHECK (checker IS NULL OR checker <> maker),
    CHECK ((state = 'OPEN') = (checker IS NULL))
) STRICT;
CREATE UNIQUE INDEX proposal_open ON proposal (operation, subject) WHERE state = 'OPEN';

CREATE TABLE binding (
    shard            INTEGER NOT NULL,            -- of the account's name
    binding_id       INTEGER NOT NULL,
    portal           TEXT    NOT NULL,
    account          BLOB    NOT NULL CHECK (length(account) = 16),   -- blind
    person_id        INTEGER,
    state            TEXT    NOT NULL CHECK (state IN ('UNBOUND', 'PROVING', 'BOUND', 'LOCKED')),
    identity_version INTEGER NOT NULL,            -- the version that was proved; 0: none
    wrong            INTEGER NOT NULL,            -- wrong proofs in the window
    window_began     INTEGER,
    locked_until     INTEGER,
    bound            INTEGER,
    version          INTEGER NOT NULL,
    PRIMARY KEY (shard, portal, account),
    CHECK (state <> 'BOUND' OR person_id IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE binding_of_person (                  -- from the person to the accounts
    shard         INTEGER NOT NULL,               -- of the person
    person_id     INTEGER NOT NULL,
    binding_shard INTEGER NOT NULL,
    portal        TEXT    NOT NULL,
    account       BLOB    NOT NULL,
    PRIMARY KEY (shard, person_id, portal, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE roster_import (
    import_id       INTEGER PRIMARY KEY,
    organisation_id INTEGER NOT NULL REFERENCES organisation (organisation_id),
    sha256          TEXT    NOT NULL,
    actor           TEXT    NOT NULL,
    began           INTEGER NOT NULL,
    ended           INTEGER,
    last_line       INTEGER NOT NULL,             -- rows up to this line are in
    added           INTEGER NOT NULL,
    changed         INTEGER NOT NULL,
    unchanged       INTEGER NOT NULL,
    rejected        INTEGER NOT NULL,
    UNIQUE (organisation_id, sha256)
) STRICT;

CREATE TABLE quarantine (                         -- a document that is on file elsewhere: city only
    shard           INTEGER NOT NULL,             -- of the file in quarantine
    person_id       INTEGER NOT NULL,
    on_file         INTEGER NOT NULL,             -- the person who was there before
    organisation_id INTEGER NOT NULL,
    import_id       INTEGER NOT NULL,
    line            INTEGER NOT NULL,
    recorded        INTEGER NOT NULL,
    resolved        INTEGER,
    PRIMARY KEY (shard, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_open ON quarantine (recorded) WHERE resolved IS NULL;

CREATE TABLE document_kind (                      -- kinds that anybody holds: what need not be sought
    kind TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
