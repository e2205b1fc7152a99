-- Who takes part in which plan, what was claimed under it, and who receives for the dead.
-- What happened (a birth, a stay in hospital, its cause) stands sealed in one column; the numbers
-- that name a child or a stay are blind indexes.

CREATE TABLE enrolment (
    shard         INTEGER NOT NULL,
    enrolment_id  INTEGER NOT NULL,
    key           TEXT    NOT NULL,
    person_id     INTEGER NOT NULL,
    plan          TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('DRAFT', 'SUBMITTED', 'ACCEPTED', 'WAITING', 'IN_FORCE', 'ENDED', 'REJECTED', 'VOID', 'CANCELLED')),
    asked         INTEGER NOT NULL,
    asked_by      TEXT    NOT NULL,
    catalogue     TEXT    NOT NULL,
    since         TEXT,
    waiting_until TEXT,
    until         TEXT,
    most_claims   INTEGER,
    cap           INTEGER,
    claims        INTEGER NOT NULL CHECK (claims >= 0),
    paid          INTEGER NOT NULL CHECK (typeof(paid) = 'integer' AND paid >= 0),
    follows       INTEGER,
    document      TEXT    NOT NULL,
    decided_by    TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (shard, enrolment_id),
    CHECK (most_claims IS NULL OR claims <= most_claims),   -- two clerks cannot both take the last
    CHECK (cap IS NULL OR paid <= cap)
) STRICT;
CREATE UNIQUE INDEX enrolment_key ON enrolment (shard, key);
CREATE INDEX enrolment_person ON enrolment (shard, person_id);
CREATE UNIQUE INDEX enrolment_asked ON enrolment (shard, person_id, plan) WHERE state = 'SUBMITTED';
CREATE INDEX enrolment_begins ON enrolment (state, since) WHERE state IN ('ACCEPTED', 'WAITING');
CREATE INDEX enrolment_ends ON enrolment (until) WHERE state = 'IN_FORCE';

CREATE TABLE claim (
    shard         INTEGER NOT NULL,
    claim_id      INTEGER NOT NULL,
    person_id     INTEGER NOT NULL,
    enrolment_id  INTEGER NOT NULL,
    plan          TEXT    NOT NULL,
    keys          TEXT    NOT NULL,          -- JSON: the event's fingerprints, blind
    state         TEXT    NOT NULL CHECK (state IN ('DRAFT', 'SUBMITTED', 'INCOMPLETE', 'REVIEW', 'DECIDED', 'PAYABLE', 'PAID', 'REJECTED', 'APPEAL', 'WITHDRAWN', 'RECOVERY', 'CLOSED')),
    reason        TEXT,
    fen           INTEGER CHECK (fen IS NULL OR (typeof(fen) = 'integer' AND fen > 0)),
    obligation_id INTEGER,
    asked         INTEGER NOT NULL,
    changed       INTEGER NOT NULL,
    made_by       TEXT    NOT NULL,
    reviewer      TEXT,
    confirmed_by  TEXT,
    appealed      INTEGER NOT NULL,
    reminders     INTEGER NOT NULL,
    sealed        BLOB    NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (shard, claim_id),
    CHECK (confirmed_by IS NULL OR confirmed_by <> reviewer),
    CHECK ((obligation_id IS NULL) = (fen IS NULL))
) STRICT;
CREATE INDEX claim_person ON claim (shard, person_id);
CREATE INDEX claim_state ON claim (state, claim_id);
CREATE INDEX claim_due ON claim (state, changed) WHERE state IN ('INCOMPLETE', 'REJECTED', 'PAID');
CREATE UNIQUE INDEX claim_obligation ON claim (shard, obligation_id) WHERE obligation_id IS NOT NULL;

-- Which claim holds an event, under each number that names it: one child is claimed for once,
-- whichever parent comes first.
CREATE TABLE claimed (
    shard    INTEGER NOT NULL,               -- of the key, not of the person
    key      BLOB    NOT NULL CHECK (length(key) = 16),
    claim_id INTEGER NOT NULL,
    PRIMARY KEY (shard, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE heir (
    shard        INTEGER NOT NULL,
    person_id    INTEGER NOT NULL,           -- the deceased
    heir_id      INTEGER NOT NULL,
    document     TEXT    NOT NULL,
    named        INTEGER NOT NULL,
    named_by     TEXT    NOT NULL,
    confirmed_by TEXT    NOT NULL,
    since        TEXT    NOT NULL,
    PRIMARY KEY (shard, person_id),
    CHECK (confirmed_by <> named_by),
    CHECK (heir_id <> person_id)
) STRICT, WITHOUT ROWID;
