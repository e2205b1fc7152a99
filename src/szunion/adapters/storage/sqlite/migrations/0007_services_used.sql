-- Members' wishes, services as projects, the counters that cards have told; when an event is over.

ALTER TABLE offer ADD COLUMN ends INTEGER NOT NULL DEFAULT 0;   -- the event is over
UPDATE offer SET ends = closes;
CREATE INDEX offer_over ON offer (ends, offer_id);
CREATE INDEX offer_item ON offer (item);
CREATE INDEX participation_item ON participation (item, outcome);

CREATE TABLE wish (
    shard     INTEGER NOT NULL,
    wish_id   INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    category  TEXT    NOT NULL,
    item      TEXT    NOT NULL,              -- empty: not on the menu
    words     BLOB,                          -- sealed: a member's own words
    at        INTEGER NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('OPEN', 'WITHDRAWN')),
    PRIMARY KEY (shard, wish_id)
) STRICT;
CREATE UNIQUE INDEX wish_once ON wish (shard, person_id, item) WHERE item <> '' AND state = 'OPEN';
CREATE INDEX wish_person ON wish (shard, person_id);
CREATE INDEX wish_item ON wish (state, category, item);

CREATE TABLE project (                       -- each service is a project
    item        TEXT    NOT NULL PRIMARY KEY,
    argument    TEXT    NOT NULL,
    responsible INTEGER NOT NULL,
    people      INTEGER NOT NULL CHECK (people >= 0),
    resources   TEXT    NOT NULL,
    since       TEXT    NOT NULL,
    version     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The highest transaction counter that a card has told; a copy falls behind it.
CREATE TABLE card_counter (
    shard   INTEGER NOT NULL,
    card_id INTEGER NOT NULL,
    counter INTEGER NOT NULL CHECK (counter BETWEEN 0 AND 65535),
    at      INTEGER NOT NULL,
    PRIMARY KEY (shard, card_id)
) STRICT, WITHOUT ROWID;

-- Tables without rowid begin with their key: SQLite 3.40 calls the others damaged when asked.
ALTER TABLE binding RENAME TO binding_old;
CREATE TABLE binding (
    shard            INTEGER NOT NULL,            -- of the account's name
    portal           TEXT    NOT NULL,
    account          BLOB    NOT NULL CHECK (length(account) = 16),   -- blind
    binding_id       INTEGER NOT NULL,
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
INSERT INTO binding (shard, portal, account, binding_id, person_id, state, identity_version, wrong,
                     window_began, locked_until, bound, version)
SELECT shard, portal, account, binding_id, person_id, state, identity_version, wrong,
       window_began, locked_until, bound, version FROM binding_old;
DROP TABLE binding_old;

ALTER TABLE binding_of_person RENAME TO binding_of_person_old;
CREATE TABLE binding_of_person (                  -- from the person to the accounts
    shard         INTEGER NOT NULL,               -- of the person
    person_id     INTEGER NOT NULL,
    portal        TEXT    NOT NULL,
    account       BLOB    NOT NULL,
    binding_shard INTEGER NOT NULL,
    PRIMARY KEY (shard, person_id, portal, account)
) STRICT, WITHOUT ROWID;
INSERT INTO binding_of_person (shard, person_id, portal, account, binding_shard)
SELECT shard, person_id, portal, account, binding_shard FROM binding_of_person_old;
DROP TABLE binding_of_person_old;
