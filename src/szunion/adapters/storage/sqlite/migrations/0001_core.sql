-- The audit log and its seals; messages to people.
-- Times are microseconds since 1970 UTC; dates are ISO 8601 text; ids carry their shard.

CREATE TABLE audit (
    place     INTEGER PRIMARY KEY,           -- order of commit: SQLite has one writer
    shard     INTEGER NOT NULL,
    audit_id  INTEGER NOT NULL,
    person_id INTEGER NOT NULL,              -- 0: concerns nobody
    at        INTEGER NOT NULL,
    actor     TEXT    NOT NULL,
    role      TEXT    NOT NULL,
    node      INTEGER NOT NULL,
    purpose   TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    subject   INTEGER NOT NULL,
    before    TEXT    NOT NULL,
    after     TEXT    NOT NULL,
    reason    TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX audit_by_person ON audit (shard, person_id, audit_id);

CREATE TABLE audit_leaf (
    position INTEGER PRIMARY KEY,
    place    INTEGER NOT NULL,
    leaf     BLOB    NOT NULL CHECK (length(leaf) = 32)
) STRICT;

CREATE TABLE audit_checkpoint (
    size      INTEGER PRIMARY KEY,
    last      INTEGER NOT NULL,              -- the last audit.place it covers
    at        INTEGER NOT NULL,
    origin    TEXT    NOT NULL,
    edge      BLOB    NOT NULL,
    signer    TEXT    NOT NULL,
    signature BLOB    NOT NULL
) STRICT;

CREATE TABLE message (
    shard      INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    person_id  INTEGER NOT NULL,
    template   TEXT    NOT NULL,
    fields     TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('WAITING', 'DELIVERED', 'GIVEN_UP')),
    PRIMARY KEY (shard, message_id)
) STRICT;
CREATE INDEX message_due ON message (due) WHERE state = 'WAITING';
CREATE INDEX message_person ON message (shard, person_id);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'audit rows are never deleted'); END;
