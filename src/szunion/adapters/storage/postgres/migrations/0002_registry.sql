-- Unions, people, memberships, transfers, portal bindings, roster imports.
-- Times are microseconds since 1970 UTC; dates are ISO 8601 text; ids carry their shard.
-- What identifies a person stands sealed in one column a row, and blindly indexed; nowhere else.

CREATE TABLE organisation (
    organisation_id BIGINT           PRIMARY KEY,
    code            TEXT COLLATE "C" NOT NULL UNIQUE,
    name            TEXT COLLATE "C" NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL CHECK (kind IN ('CITY', 'DISTRICT', 'STREET', 'COMMUNITY', 'INDUSTRY', 'GRASSROOTS', 'JOINT', 'POOL')),
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('REGISTERED', 'ACTIVE', 'SUSPENDED', 'MERGED', 'DISSOLVED')),
    parent_id       BIGINT           REFERENCES organisation (organisation_id),
    path            TEXT COLLATE "C" NOT NULL UNIQUE, -- ids from the city federation down: /1/7/93/
    credit_code     TEXT COLLATE "C",
    reason          TEXT COLLATE "C",
    successor_id    BIGINT           REFERENCES organisation (organisation_id),
    version         BIGINT           NOT NULL,
    CHECK ((kind = 'CITY') = (parent_id IS NULL))
);
CREATE INDEX organisation_below ON organisation (parent_id);
CREATE UNIQUE INDEX organisation_root ON organisation (kind) WHERE kind = 'CITY';
CREATE UNIQUE INDEX organisation_unit ON organisation (credit_code)
    WHERE credit_code IS NOT NULL AND state NOT IN ('MERGED', 'DISSOLVED');

CREATE TABLE organisation_place (
    organisation_id BIGINT           NOT NULL REFERENCES organisation (organisation_id),
    number          BIGINT           NOT NULL,       -- 0 is the first placement
    parent_id       BIGINT           NOT NULL,
    since           TEXT COLLATE "C" NOT NULL,
    until           TEXT COLLATE "C",
    recorded        BIGINT           NOT NULL,
    PRIMARY KEY (organisation_id, number)
);

-- --- people -----------------------------------------------------------------------------------

CREATE TABLE person (
    shard       BIGINT NOT NULL,                     -- of the first document's number
    person_id   BIGINT NOT NULL,
    sealed      BYTEA,                               -- versions, documents, mobile; NULL: erased
    merged_into BIGINT,
    version     BIGINT NOT NULL,
    PRIMARY KEY (shard, person_id)
);

CREATE TABLE person_salt (                        -- without it, `sealed` cannot be opened by anybody
    shard     BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    salt      BYTEA  NOT NULL CHECK (length(salt) = 16),
    PRIMARY KEY (shard, person_id)
);

CREATE TABLE person_document (                    -- who holds a document; several may, one is on file
    shard     BIGINT NOT NULL,                       -- of this document's number, not of the person
    blind     BYTEA  NOT NULL CHECK (length(blind) = 16),
    rank      BIGINT NOT NULL,                       -- 0: on file; else a file in quarantine
    person_id BIGINT NOT NULL,
    PRIMARY KEY (shard, blind, rank)
);

CREATE TABLE person_mobile (                      -- a mobile number is a way to reach, no identity
    shard     BIGINT NOT NULL,                       -- the first 10 bits of the index
    blind     BYTEA  NOT NULL CHECK (length(blind) = 16),
    person_id BIGINT NOT NULL,
    PRIMARY KEY (shard, blind, person_id)
);

-- --- memberships ------------------------------------------------------------------------------

CREATE TABLE membership (
    shard           BIGINT           NOT NULL,
    person_id       BIGINT           NOT NULL,
    membership_id   BIGINT           NOT NULL,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('APPLIED', 'ACTIVE', 'RETAINED', 'LEFT', 'REJECTED', 'WITHDRAWN', 'VOID')),
    organisation_id BIGINT           NOT NULL REFERENCES organisation (organisation_id),
    applied         TEXT COLLATE "C" NOT NULL,
    since           TEXT COLLATE "C",
    until           TEXT COLLATE "C",
    reason          TEXT COLLATE "C",
    survivor_id     BIGINT,
    version         BIGINT           NOT NULL,
    holds_from      TEXT COLLATE "C" NOT NULL,       -- the day from which this version is so
    recorded        BIGINT           NOT NULL,       -- the moment from which we know it
    PRIMARY KEY (shard, person_id, membership_id),
    FOREIGN KEY (shard, person_id) REFERENCES person (shard, person_id)
);
CREATE UNIQUE INDEX membership_open ON membership (shard, person_id)
    WHERE state IN ('APPLIED', 'ACTIVE', 'RETAINED');
CREATE INDEX membership_of_union ON membership (organisation_id, state);

CREATE TABLE membership_past (                    -- the versions before the present one
    shard           BIGINT           NOT NULL,
    person_id       BIGINT           NOT NULL,
    membership_id   BIGINT           NOT NULL,
    version         BIGINT           NOT NULL,
    state           TEXT COLLATE "C" NOT NULL,
    organisation_id BIGINT           NOT NULL,
    applied         TEXT COLLATE "C" NOT NULL,
    since           TEXT COLLATE "C",
    until           TEXT COLLATE "C",
    reason          TEXT COLLATE "C",
    survivor_id     BIGINT,
    holds_from      TEXT COLLATE "C" NOT NULL,
    recorded        BIGINT           NOT NULL,
    PRIMARY KEY (shard, person_id, membership_id, version)
);

CREATE TABLE affiliation (
    shard           BIGINT           NOT NULL,
    person_id       BIGINT           NOT NULL,
    affiliation_id  BIGINT           NOT NULL,
    membership_id   BIGINT           NOT NULL,
    organisation_id BIGINT           NOT NULL REFERENCES organisation (organisation_id),
    since           TEXT COLLATE "C" NOT NULL,
    until           TEXT COLLATE "C",
    recorded        BIGINT           NOT NULL,
    superseded      BIGINT,
    PRIMARY KEY (shard, person_id, affiliation_id),
    FOREIGN KEY (shard, person_id, membership_id)
        REFERENCES membership (shard, person_id, membership_id),
    CHECK (until IS NULL OR until >= since)
);
CREATE UNIQUE INDEX affiliation_open ON affiliation (shard, person_id)
    WHERE until IS NULL AND superseded IS NULL;

CREATE TABLE transfer (
    shard         BIGINT           NOT NULL,
    transfer_id   BIGINT           NOT NULL,
    person_id     BIGINT           NOT NULL,
    membership_id BIGINT           NOT NULL,
    source_id     BIGINT           NOT NULL REFERENCES organisation (organisation_id),
    target_id     BIGINT           NOT NULL REFERENCES organisation (organisation_id),
    requested     BIGINT           NOT NULL,
    answer_by     BIGINT           NOT NULL,
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('REQUESTED', 'RELEASED', 'ESCALATED', 'ACCEPTED', 'REFUSED', 'DENIED', 'WITHDRAWN')),
    refused       BIGINT,
    reason        TEXT COLLATE "C" NOT NULL,
    version       BIGINT           NOT NULL,
    PRIMARY KEY (shard, transfer_id),
    CHECK (source_id <> target_id OR state NOT IN ('REQUESTED', 'RELEASED', 'ACCEPTED'))
);
CREATE UNIQUE INDEX transfer_open ON transfer (shard, person_id)
    WHERE state IN ('REQUESTED', 'RELEASED', 'ESCALATED');
CREATE INDEX transfer_from ON transfer (source_id) WHERE state IN ('REQUESTED', 'RELEASED', 'ESCALATED');
CREATE INDEX transfer_to ON transfer (target_id) WHERE state IN ('REQUESTED', 'RELEASED', 'ESCALATED');
CREATE INDEX transfer_due ON transfer (answer_by) WHERE state IN ('REQUESTED', 'RELEASED');

-- --- two persons, portals, rosters ------------------------------------------------------------

CREATE TABLE proposal (                           -- what needs a second person
    proposal_id BIGINT           PRIMARY KEY,
    operation   TEXT COLLATE "C" NOT NULL,
    subject     BIGINT           NOT NULL,
    terms       TEXT COLLATE "C" NOT NULL,           -- JSON of ids, days, reason codes: nothing personal
    maker       TEXT COLLATE "C" NOT NULL,
    made        BIGINT           NOT NULL,
    checker     TEXT COLLATE "C",
    checked     BIGINT,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'CONFIRMED', 'REFUSED')),
    CHECK (checker IS NULL OR checker <> maker),
    CHECK ((state = 'OPEN') = (checker IS NULL))
);
CREATE UNIQUE INDEX proposal_open ON proposal (operation, subject) WHERE state = 'OPEN';

CREATE TABLE binding (
    shard            BIGINT           NOT NULL,      -- of the account's name
    binding_id       BIGINT           NOT NULL,
    portal           TEXT COLLATE "C" NOT NULL,
    account          BYTEA            NOT NULL CHECK (length(account) = 16), -- blind
    person_id        BIGINT,
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('UNBOUND', 'PROVING', 'BOUND', 'LOCKED')),
    identity_version BIGINT           NOT NULL,      -- the version that was proved; 0: none
    wrong            BIGINT           NOT NULL,      -- wrong proofs in the window
    window_began     BIGINT,
    locked_until     BIGINT,
    bound            BIGINT,
    version          BIGINT           NOT NULL,
    PRIMARY KEY (shard, portal, account),
    CHECK (state <> 'BOUND' OR person_id IS NOT NULL)
);

CREATE TABLE binding_of_person (                  -- from the person to the accounts
    shard         BIGINT           NOT NULL,         -- of the person
    person_id     BIGINT           NOT NULL,
    binding_shard BIGINT           NOT NULL,
    portal        TEXT COLLATE "C" NOT NULL,
    account       BYTEA            NOT NULL,
    PRIMARY KEY (shard, person_id, portal, account)
);

CREATE TABLE roster_import (
    import_id       BIGINT           PRIMARY KEY,
    organisation_id BIGINT           NOT NULL REFERENCES organisation (organisation_id),
    sha256          TEXT COLLATE "C" NOT NULL,
    actor           TEXT COLLATE "C" NOT NULL,
    began           BIGINT           NOT NULL,
    ended           BIGINT,
    last_line       BIGINT           NOT NULL,       -- rows up to this line are in
    added           BIGINT           NOT NULL,
    changed         BIGINT           NOT NULL,
    unchanged       BIGINT           NOT NULL,
    rejected        BIGINT           NOT NULL,
    UNIQUE (organisation_id, sha256)
);

CREATE TABLE quarantine (                         -- a document that is on file elsewhere: city only
    shard           BIGINT NOT NULL,                 -- of the file in quarantine
    person_id       BIGINT NOT NULL,
    on_file         BIGINT NOT NULL,                 -- the person who was there before
    organisation_id BIGINT NOT NULL,
    import_id       BIGINT NOT NULL,
    line            BIGINT NOT NULL,
    recorded        BIGINT NOT NULL,
    resolved        BIGINT,
    PRIMARY KEY (shard, person_id)
);
CREATE INDEX quarantine_open ON quarantine (recorded) WHERE resolved IS NULL;

CREATE TABLE document_kind (                      -- kinds that anybody holds: what need not be sought
    kind TEXT COLLATE "C" PRIMARY KEY
);
