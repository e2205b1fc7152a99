-- Applications for cards, cards, what is asked of the bank and what the bank tells.
-- Nothing here names a person: names and documents stay in the sealed rows of people.

-- --- applications ---------------------------------------------------------------------------

CREATE TABLE batch (
    batch_id        BIGINT           PRIMARY KEY,
    organisation_id BIGINT           NOT NULL,
    programme       TEXT COLLATE "C" NOT NULL,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'CHECKED', 'SUBMITTED', 'APPROVED', 'SENT', 'UNKNOWN', 'FILE_REJECTED', 'ANSWERING', 'RECONCILED', 'CLOSED', 'CANCELLED')),
    created         BIGINT           NOT NULL,
    created_by      TEXT COLLATE "C" NOT NULL,
    submitted_by    TEXT COLLATE "C",
    approved_by     TEXT COLLATE "C",
    frozen          TEXT COLLATE "C",                -- hash of the row set, from submission on
    row_count       BIGINT           NOT NULL,       -- rows that go to the bank, from submission on
    key             TEXT COLLATE "C",                -- the bank's key of the request, from approval on
    outcome         TEXT COLLATE "C" NOT NULL,       -- the bank's code, or why it was returned
    receipt_missing BIGINT           NOT NULL,       -- GAP: rows were answered before the receipt
    moved_on        BIGINT           NOT NULL,       -- rows that were answered and went to a later batch
    version         BIGINT           NOT NULL,
    CHECK (approved_by IS NULL OR approved_by <> submitted_by)
);
CREATE INDEX batch_by_organisation ON batch (organisation_id, batch_id);
CREATE UNIQUE INDEX batch_key ON batch (key) WHERE key IS NOT NULL;

CREATE TABLE application (
    shard            BIGINT           NOT NULL,
    row_id           BIGINT           NOT NULL,
    batch_id         BIGINT           NOT NULL,
    person_id        BIGINT           NOT NULL,
    programme        TEXT COLLATE "C" NOT NULL,
    number           BIGINT           NOT NULL,      -- the person's how-manieth application
    attempt          BIGINT           NOT NULL,
    key              TEXT COLLATE "C" NOT NULL,
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('NEW', 'INVALID', 'VALID', 'QUEUED', 'SENT', 'UNKNOWN', 'BANK_REJECTED', 'VERIFIED', 'PRODUCED', 'WITH_UNION', 'HANDED', 'ACTIVATED', 'UNCLAIMED', 'DECLINED', 'EXCLUDED')),
    identity_version BIGINT           NOT NULL,      -- 0: not yet pinned
    account_class    TEXT COLLATE "C" NOT NULL,
    wish             TEXT COLLATE "C",
    problems         TEXT COLLATE "C" NOT NULL,      -- codes of what is wrong with it, by comma
    reason           TEXT COLLATE "C",               -- why the bank sent it back
    bank_code        TEXT COLLATE "C" NOT NULL,
    bank_text        TEXT COLLATE "C" NOT NULL,
    sequence         BIGINT           NOT NULL,      -- the highest of the bank's stream that was obeyed
    missing          TEXT COLLATE "C" NOT NULL,      -- GAP: facts that should have come before, by comma
    card_id          BIGINT,
    mobile_sealed    BYTEA,                          -- as it is sent, until the bank has answered
    changed          BIGINT           NOT NULL,
    version          BIGINT           NOT NULL,
    PRIMARY KEY (shard, row_id)
);
CREATE UNIQUE INDEX application_open ON application (shard, person_id, programme)
    WHERE state NOT IN ('ACTIVATED', 'DECLINED', 'EXCLUDED');
CREATE UNIQUE INDEX application_number ON application (shard, person_id, programme, number);
CREATE INDEX application_batch ON application (batch_id, state);
CREATE INDEX application_waits ON application (state, changed)
    WHERE state IN ('PRODUCED', 'WITH_UNION', 'HANDED');

-- What the bank calls our things: row keys, request keys, cards by blind index and PSN.
CREATE TABLE bank_name (
    kind     TEXT COLLATE "C" NOT NULL CHECK (kind IN ('ROW', 'CARD', 'DISPATCH')),
    name     TEXT COLLATE "C" NOT NULL,
    at_shard BIGINT           NOT NULL,
    id       BIGINT           NOT NULL,
    PRIMARY KEY (kind, name)
);

-- --- cards ----------------------------------------------------------------------------------

CREATE TABLE card (
    shard          BIGINT           NOT NULL,
    card_id        BIGINT           NOT NULL,
    person_id      BIGINT           NOT NULL,
    programme      TEXT COLLATE "C" NOT NULL,
    row_id         BIGINT,
    token_sealed   BYTEA            NOT NULL,
    token_index    BYTEA            NOT NULL CHECK (length(token_index) = 16),
    psn            BIGINT           NOT NULL,
    last_four      TEXT COLLATE "C" NOT NULL,
    account_class  TEXT COLLATE "C" NOT NULL,
    bank_state     TEXT COLLATE "C" CHECK (bank_state IN ('ISSUED', 'ACTIVE', 'LOSS_ORAL', 'LOSS_WRITTEN', 'FROZEN', 'DORMANT', 'EXPIRED', 'REPLACED', 'CLOSED')),
    bank_sequence  BIGINT           NOT NULL,
    bank_conflict  BIGINT           NOT NULL,
    bank_gap       BIGINT           NOT NULL,
    union_state    TEXT COLLATE "C" NOT NULL CHECK (union_state IN ('PENDING', 'ENABLED', 'SUSPENDED', 'REVOKED')),
    union_reason   TEXT COLLATE "C",
    union_sequence BIGINT           NOT NULL,
    custody        TEXT COLLATE "C" NOT NULL CHECK (custody IN ('AT_BANK', 'WITH_UNION', 'WITH_MEMBER', 'MISSING', 'RETURNED', 'DESTROYED')),
    holder         BIGINT,                           -- the union that has the plastic, or missed it
    current        BIGINT           NOT NULL,
    replaces       BIGINT,
    replaced_by    BIGINT,
    born           BIGINT           NOT NULL,
    version        BIGINT           NOT NULL,
    PRIMARY KEY (shard, card_id)
);
CREATE UNIQUE INDEX card_ref ON card (shard, token_index, psn);
CREATE UNIQUE INDEX card_current ON card (shard, person_id, programme) WHERE current = 1;
CREATE INDEX card_person ON card (shard, person_id);
CREATE INDEX card_holder ON card (holder) WHERE holder IS NOT NULL;
CREATE INDEX card_row ON card (shard, row_id) WHERE row_id IS NOT NULL;

CREATE TABLE card_fact (
    shard     BIGINT           NOT NULL,
    card_id   BIGINT           NOT NULL,
    event_id  TEXT COLLATE "C" NOT NULL,
    digest    TEXT COLLATE "C" NOT NULL,
    sequence  BIGINT           NOT NULL,
    event     TEXT COLLATE "C",                      -- NULL: read off the daily list (RECONCILED)
    state     TEXT COLLATE "C" NOT NULL,
    effective BIGINT           NOT NULL,
    received  BIGINT           NOT NULL,
    PRIMARY KEY (shard, card_id, event_id, digest)
);

CREATE TABLE card_hold (
    shard     BIGINT           NOT NULL,
    hold_id   BIGINT           NOT NULL,
    card_id   BIGINT           NOT NULL,
    person_id BIGINT           NOT NULL,
    owner     BIGINT           NOT NULL,
    reason    TEXT COLLATE "C" NOT NULL,
    since     BIGINT           NOT NULL,
    until     BIGINT,
    state     TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'LIFTED', 'EXPIRED', 'VOID')),
    placed_as TEXT COLLATE "C" NOT NULL,
    note      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, hold_id)
);
CREATE INDEX card_hold_card ON card_hold (shard, card_id);
CREATE INDEX card_hold_person ON card_hold (shard, person_id);
CREATE INDEX card_hold_until ON card_hold (until) WHERE state = 'OPEN' AND until IS NOT NULL;
CREATE INDEX card_hold_owner ON card_hold (owner) WHERE state = 'OPEN';

CREATE TABLE instruction (
    shard          BIGINT           NOT NULL,
    instruction_id BIGINT           NOT NULL,
    card_id        BIGINT           NOT NULL,
    person_id      BIGINT           NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL CHECK (kind IN ('STOP', 'ALLOW', 'RESTORE')),
    cause          TEXT COLLATE "C" NOT NULL,
    reason         TEXT COLLATE "C" NOT NULL,
    key            TEXT COLLATE "C" NOT NULL,
    sequence       BIGINT           NOT NULL,
    state          TEXT COLLATE "C" NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'UNKNOWN', 'ACKED', 'REJECTED', 'CANCELLED')),
    created        BIGINT           NOT NULL,
    bank_code      TEXT COLLATE "C" NOT NULL,
    bank_text      TEXT COLLATE "C" NOT NULL,
    version        BIGINT           NOT NULL,
    PRIMARY KEY (shard, instruction_id)
);
CREATE UNIQUE INDEX instruction_cause ON instruction (shard, card_id, kind, cause);
CREATE UNIQUE INDEX instruction_order ON instruction (shard, card_id, sequence);

CREATE TABLE custody_list (
    list_id         BIGINT           PRIMARY KEY,
    organisation_id BIGINT           NOT NULL,
    event           TEXT COLLATE "C" NOT NULL,
    batch_id        BIGINT,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'SIGNED', 'DROPPED')),
    made_by         TEXT COLLATE "C" NOT NULL,
    made_at         BIGINT           NOT NULL,
    signed_by       TEXT COLLATE "C",
    signed_at       BIGINT,
    note            TEXT COLLATE "C" NOT NULL,
    version         BIGINT           NOT NULL,
    CHECK (signed_by IS NULL OR signed_by <> made_by)
);

CREATE TABLE custody_item (
    shard   BIGINT NOT NULL,
    list_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    there   BIGINT NOT NULL,                         -- 0: named as missing
    PRIMARY KEY (shard, list_id, card_id)
);
CREATE INDEX custody_item_list ON custody_item (list_id);

-- What a person was given with the activation pack: once per person and programme, not per card.
CREATE TABLE entitlement (
    shard     BIGINT           NOT NULL,
    person_id BIGINT           NOT NULL,
    programme TEXT COLLATE "C" NOT NULL,
    item      TEXT COLLATE "C" NOT NULL,
    key       TEXT COLLATE "C" NOT NULL,
    card_id   BIGINT           NOT NULL,
    since     TEXT COLLATE "C" NOT NULL,
    until     TEXT COLLATE "C",
    PRIMARY KEY (shard, person_id, programme, item)
);

-- --- to the bank and from the bank ----------------------------------------------------------

CREATE TABLE outbox (
    shard       BIGINT           NOT NULL,
    dispatch_id BIGINT           NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL CHECK (kind IN ('OPEN_CARDS', 'SET_CARD_USE', 'PAY_OUT')),
    key         TEXT COLLATE "C" NOT NULL,
    digest      TEXT COLLATE "C" NOT NULL,
    subject     BIGINT           NOT NULL,
    aggregate   BIGINT           NOT NULL,
    sequence    BIGINT           NOT NULL,
    created     BIGINT           NOT NULL,
    due         BIGINT           NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'UNKNOWN', 'DONE', 'REFUSED', 'CANCELLED', 'ASIDE')),
    attempts    BIGINT           NOT NULL,
    faults      BIGINT           NOT NULL,
    sent        BIGINT,
    lease_until BIGINT,
    worker      TEXT COLLATE "C" NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL,
    version     BIGINT           NOT NULL,
    PRIMARY KEY (shard, dispatch_id)
);
CREATE UNIQUE INDEX outbox_key ON outbox (shard, key);
CREATE UNIQUE INDEX outbox_order ON outbox (shard, aggregate, sequence);
CREATE UNIQUE INDEX outbox_in_flight ON outbox (shard, aggregate) WHERE state IN ('SENT', 'UNKNOWN');
CREATE INDEX outbox_due ON outbox (due) WHERE state IN ('QUEUED', 'SENT', 'UNKNOWN');
CREATE INDEX outbox_subject ON outbox (shard, subject);

CREATE TABLE inbox (
    source   TEXT COLLATE "C" NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    stream   TEXT COLLATE "C" NOT NULL,
    sequence BIGINT           NOT NULL,
    digest   TEXT COLLATE "C" NOT NULL,
    received BIGINT           NOT NULL,
    hearing  TEXT COLLATE "C" NOT NULL CHECK (hearing IN ('OBEYED', 'LATE', 'GAP', 'WAITING', 'DUPLICATE', 'CONFLICT', 'ASIDE')),
    subject  BIGINT           NOT NULL,
    copies   BIGINT           NOT NULL,
    reason   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, event_id)
);
CREATE INDEX inbox_troubles ON inbox (hearing, received)
    WHERE hearing IN ('WAITING', 'CONFLICT', 'ASIDE');

CREATE TABLE inbox_waiting (
    waiting_id BIGINT           PRIMARY KEY,
    source     TEXT COLLATE "C" NOT NULL,
    event_id   TEXT COLLATE "C" NOT NULL,
    about      TEXT COLLATE "C" NOT NULL,
    sealed     BYTEA            NOT NULL,
    received   BIGINT           NOT NULL
);
CREATE INDEX inbox_waiting_about ON inbox_waiting (about, waiting_id);

CREATE TABLE bank_cursor (
    source TEXT COLLATE "C" PRIMARY KEY,
    cursor TEXT COLLATE "C" NOT NULL,
    moved  BIGINT           NOT NULL
);

-- --- reconciliation -------------------------------------------------------------------------

CREATE TABLE recon_run (
    run_id BIGINT           PRIMARY KEY,
    kind   TEXT COLLATE "C" NOT NULL CHECK (kind IN ('CARDS', 'MONEY')),
    day    TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,                -- of the bank's list: the same list is one run
    at     BIGINT           NOT NULL,
    ours   BIGINT           NOT NULL,
    theirs BIGINT           NOT NULL,
    agreed BIGINT           NOT NULL,
    closed BIGINT           NOT NULL
);
CREATE UNIQUE INDEX recon_run_list ON recon_run (kind, day, digest);

CREATE TABLE recon_difference (
    difference_id BIGINT           PRIMARY KEY,
    run_id        BIGINT           NOT NULL REFERENCES recon_run (run_id),
    kind          TEXT COLLATE "C" NOT NULL,
    subject       BIGINT           NOT NULL,         -- the card or order; 0: we know none
    name          TEXT COLLATE "C" NOT NULL,         -- what the bank calls it, as a blind index
    ours          TEXT COLLATE "C" NOT NULL,
    theirs        TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'CLOSED')),
    closed_by     TEXT COLLATE "C" NOT NULL,
    closed_at     BIGINT
);
CREATE INDEX recon_difference_run ON recon_difference (run_id);
CREATE UNIQUE INDEX recon_difference_open ON recon_difference (kind, subject, name)
    WHERE state = 'OPEN';

CREATE TRIGGER card_fact_is_never_changed BEFORE UPDATE ON card_fact
    FOR EACH ROW EXECUTE FUNCTION refuse('what the bank told is never changed');
CREATE TRIGGER card_fact_is_never_deleted BEFORE DELETE ON card_fact
    FOR EACH ROW EXECUTE FUNCTION refuse('what the bank told is never deleted');
