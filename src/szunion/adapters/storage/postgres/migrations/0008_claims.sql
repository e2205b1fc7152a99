-- Who takes part in which plan, what was claimed under it, and who receives for the dead.
-- What happened (a birth, a stay in hospital, its cause) stands sealed in one column; the numbers
-- that name a child or a stay are blind indexes.

CREATE TABLE enrolment (
    shard         BIGINT           NOT NULL,
    enrolment_id  BIGINT           NOT NULL,
    key           TEXT COLLATE "C" NOT NULL,
    person_id     BIGINT           NOT NULL,
    plan          TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'SUBMITTED', 'ACCEPTED', 'WAITING', 'IN_FORCE', 'ENDED', 'REJECTED', 'VOID', 'CANCELLED')),
    asked         BIGINT           NOT NULL,
    asked_by      TEXT COLLATE "C" NOT NULL,
    catalogue     TEXT COLLATE "C" NOT NULL,
    since         TEXT COLLATE "C",
    waiting_until TEXT COLLATE "C",
    until         TEXT COLLATE "C",
    most_claims   BIGINT,
    cap           BIGINT,
    claims        BIGINT           NOT NULL CHECK (claims >= 0),
    paid          BIGINT           NOT NULL CHECK (paid >= 0),
    follows       BIGINT,
    document      TEXT COLLATE "C" NOT NULL,
    decided_by    TEXT COLLATE "C" NOT NULL,
    version       BIGINT           NOT NULL,
    PRIMARY KEY (shard, enrolment_id),
    CHECK (most_claims IS NULL OR claims <= most_claims),   -- two clerks cannot both take the last
    CHECK (cap IS NULL OR paid <= cap)
);
CREATE UNIQUE INDEX enrolment_key ON enrolment (shard, key);
CREATE INDEX enrolment_person ON enrolment (shard, person_id);
CREATE UNIQUE INDEX enrolment_asked ON enrolment (shard, person_id, plan) WHERE state = 'SUBMITTED';
CREATE INDEX enrolment_begins ON enrolment (state, since) WHERE state IN ('ACCEPTED', 'WAITING');
CREATE INDEX enrolment_ends ON enrolment (until) WHERE state = 'IN_FORCE';

CREATE TABLE claim (
    shard         BIGINT           NOT NULL,
    claim_id      BIGINT           NOT NULL,
    person_id     BIGINT           NOT NULL,
    enrolment_id  BIGINT           NOT NULL,
    plan          TEXT COLLATE "C" NOT NULL,
    keys          TEXT COLLATE "C" NOT NULL,         -- JSON: the event's fingerprints, blind
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'SUBMITTED', 'INCOMPLETE', 'REVIEW', 'DECIDED', 'PAYABLE', 'PAID', 'REJECTED', 'APPEAL', 'WITHDRAWN', 'RECOVERY', 'CLOSED')),
    reason        TEXT COLLATE "C",
    fen           BIGINT           CHECK (fen IS NULL OR (fen > 0)),
    obligation_id BIGINT,
    asked         BIGINT           NOT NULL,
    changed       BIGINT           NOT NULL,
    made_by       TEXT COLLATE "C" NOT NULL,
    reviewer      TEXT COLLATE "C",
    confirmed_by  TEXT COLLATE "C",
    appealed      BIGINT           NOT NULL,
    reminders     BIGINT           NOT NULL,
    sealed        BYTEA            NOT NULL,
    version       BIGINT           NOT NULL,
    PRIMARY KEY (shard, claim_id),
    CHECK (confirmed_by IS NULL OR confirmed_by <> reviewer),
    CHECK ((obligation_id IS NULL) = (fen IS NULL))
);
CREATE INDEX claim_person ON claim (shard, person_id);
CREATE INDEX claim_state ON claim (state, claim_id);
CREATE INDEX claim_due ON claim (state, changed) WHERE state IN ('INCOMPLETE', 'REJECTED', 'PAID');
CREATE UNIQUE INDEX claim_obligation ON claim (shard, obligation_id) WHERE obligation_id IS NOT NULL;

-- Which claim holds an event, under each number that names it: one child is claimed for once,
-- whichever parent comes first.
CREATE TABLE claimed (
    shard    BIGINT NOT NULL,                        -- of the key, not of the person
    key      BYTEA  NOT NULL CHECK (length(key) = 16),
    claim_id BIGINT NOT NULL,
    PRIMARY KEY (shard, key)
);

CREATE TABLE heir (
    shard        BIGINT           NOT NULL,
    person_id    BIGINT           NOT NULL,          -- the deceased
    heir_id      BIGINT           NOT NULL,
    document     TEXT COLLATE "C" NOT NULL,
    named        BIGINT           NOT NULL,
    named_by     TEXT COLLATE "C" NOT NULL,
    confirmed_by TEXT COLLATE "C" NOT NULL,
    since        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, person_id),
    CHECK (confirmed_by <> named_by),
    CHECK (heir_id <> person_id)
);
