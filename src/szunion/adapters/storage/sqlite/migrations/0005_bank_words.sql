-- What else the bank has said: signings face to face, free services, reserved card numbers.

CREATE TABLE face_sign (
    shard            INTEGER NOT NULL,
    row_id           INTEGER NOT NULL,
    sequence         INTEGER NOT NULL,       -- in the row's stream: every result is kept
    person_id        INTEGER NOT NULL,
    identity_version INTEGER NOT NULL,
    result           TEXT    NOT NULL CHECK (result IN ('SIGNED', 'NOT_THE_PERSON', 'PAPERS_MISSING', 'NOT_WILLING', 'OTHER')),
    effective        INTEGER NOT NULL,
    received         INTEGER NOT NULL,
    bank_code        TEXT    NOT NULL,
    bank_text        TEXT    NOT NULL,
    PRIMARY KEY (shard, row_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX face_sign_person ON face_sign (shard, person_id);

CREATE TABLE fee_waiver (
    shard     INTEGER NOT NULL,
    card_id   INTEGER NOT NULL,
    month     TEXT    NOT NULL,
    kind      TEXT    NOT NULL CHECK (kind IN ('ATM_WITHDRAWAL', 'REMITTANCE')),
    person_id INTEGER NOT NULL,
    used      INTEGER NOT NULL CHECK (used >= 0),
    allowed   INTEGER,
    sequence  INTEGER NOT NULL,              -- a later word replaces an earlier one, never the other way
    told      INTEGER NOT NULL,
    PRIMARY KEY (shard, card_id, month, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE number_reservation (
    shard            INTEGER NOT NULL,
    reservation_id   INTEGER NOT NULL,
    person_id        INTEGER NOT NULL,
    programme        TEXT    NOT NULL,
    digits           TEXT    NOT NULL,
    number           INTEGER NOT NULL,
    key              TEXT    NOT NULL,
    identity_version INTEGER NOT NULL,
    asked            INTEGER NOT NULL,
    asked_by         TEXT    NOT NULL,
    result           TEXT CHECK (result IN ('RESERVED', 'TAKEN', 'NOT_OFFERED', 'LAPSED', 'USED')),
    until            TEXT,
    sequence         INTEGER NOT NULL,
    refused          TEXT    NOT NULL,
    version          INTEGER NOT NULL,
    PRIMARY KEY (shard, reservation_id)
) STRICT;
CREATE UNIQUE INDEX reservation_key ON number_reservation (shard, key);
CREATE UNIQUE INDEX reservation_open ON number_reservation (shard, person_id, programme)
    WHERE refused = '' AND (result IS NULL OR result = 'RESERVED');

-- The outbox carries three more kinds of request; a CHECK can only be changed with its table.
CREATE TABLE outbox_wider (
    shard       INTEGER NOT NULL,
    dispatch_id INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('OPEN_CARDS', 'SET_CARD_USE', 'PAY_OUT', 'RESERVE_NUMBER', 'CARD_LIST', 'STATEMENT')),
    key         TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    subject     INTEGER NOT NULL,
    aggregate   INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    due         INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'UNKNOWN', 'DONE', 'REFUSED', 'CANCELLED', 'ASIDE')),
    attempts    INTEGER NOT NULL,
    faults      INTEGER NOT NULL,
    sent        INTEGER,
    lease_until INTEGER,
    worker      TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (shard, dispatch_id)
) STRICT;
INSERT INTO outbox_wider (shard, dispatch_id, kind, key, digest, subject, aggregate, sequence, created,
                          due, state, attempts, faults, sent, lease_until, worker, outcome, version)
SELECT shard, dispatch_id, kind, key, digest, subject, aggregate, sequence, created,
       due, state, attempts, faults, sent, lease_until, worker, outcome, version
FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_wider RENAME TO outbox;
CREATE UNIQUE INDEX outbox_key ON outbox (shard, key);
CREATE UNIQUE INDEX outbox_order ON outbox (shard, aggregate, sequence);
CREATE UNIQUE INDEX outbox_in_flight ON outbox (shard, aggregate) WHERE state IN ('SENT', 'UNKNOWN');
CREATE INDEX outbox_due ON outbox (due) WHERE state IN ('QUEUED', 'SENT', 'UNKNOWN');
CREATE INDEX outbox_subject ON outbox (shard, subject);
