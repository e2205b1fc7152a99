-- Applications for cards, cards, what is asked of the bank and what the bank tells.
-- Nothing here names a person: names and documents stay in the sealed rows of people.

-- --- applications ---------------------------------------------------------------------------

CREATE TABLE batch (
    batch_id        INTEGER PRIMARY KEY,
    organisation_id INTEGER NOT NULL,
    programme       TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('DRAFT', 'CHECKED', 'SUBMITTED', 'APPROVED', 'SENT', 'UNKNOWN', 'FILE_REJECTED', 'ANSWERING', 'RECONCILED', 'CLOSED', 'CANCELLED')),
    created         INTEGER NOT NULL,
    created_by      TEXT    NOT NULL,
    submitted_by    TEXT,
    approved_by     TEXT,
    frozen          TEXT,                    -- hash of the row set, from submission on
    row_count       INTEGER NOT NULL,        -- rows that go to the bank, from submission on
    key             TEXT,                    -- the bank's key of the request, from approval on
    outcome         TEXT    NOT NULL,        -- the bank's code, or why it was returned
    receipt_missing INTEGER NOT NULL,        -- GAP: rows were answered before the receipt
    moved_on        INTEGER NOT NULL,        -- rows that were answered and went to a later batch
    version         INTEGER NOT NULL,
    CHECK (approved_by IS NULL OR approved_by <> submitted_by)
) STRICT;
CREATE INDEX batch_by_organisation ON batch (organisation_id, batch_id);
CREATE UNIQUE INDEX batch_key ON batch (key) WHERE key IS NOT NULL;

CREATE TABLE application (
    shard            INTEGER NOT NULL,
    row_id           INTEGER NOT NULL,
    batch_id         INTEGER NOT NULL,
    person_id        INTEGER NOT NULL,
    programme        TEXT    NOT NULL,
    number           INTEGER NOT NULL,       -- the person's how-manieth application
    attempt          INTEGER NOT NULL,
    key              TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('NEW', 'INVALID', 'VALID', 'QUEUED', 'SENT', 'UNKNOWN', 'BANK_REJECTED', 'VERIFIED', 'PRODUCED', 'WITH_UNION', 'HANDED', 'ACTIVATED', 'UNCLAIMED', 'DECLINED', 'EXCLUDED')),
    identity_version INTEGER NOT NULL,       -- 0: not yet pinned
    account_class    TEXT    NOT NULL,
    wish             TEXT,
    problems         TEXT    NOT NULL,       -- codes of what is wrong with it, by comma
    reason           TEXT,                   -- why the bank sent it back
    bank_code        TEXT    NOT NULL,
    bank_text        TEXT    NOT NULL,
    sequence         INTEGER NOT NULL,       -- the highest of the bank's stream that was obeyed
    missing          TEXT    NOT NULL,       -- GAP: facts that should have come before, by comma
    card_id          INTEGER,
    mobile_sealed    BLOB,                   -- as it is sent, until the bank has answered
    changed          INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    PRIMARY KEY (shard, row_id)
) STRICT;
CREATE UNIQUE INDEX application_open ON application (shard, person_id, programme)
    WHERE state NOT IN ('ACTIVATED', 'DECLINED', 'EXCLUDED');
CREATE UNIQUE INDEX application_number ON application (shard, person_id, programme, number);
CREATE INDEX application_batch ON application (batch_id, state);
CREATE INDEX application_waits ON application (state, changed)
    WHERE state IN ('PRODUCED', 'WITH_UNION', 'HANDED');

-- What the bank calls our things: row keys, request keys, cards by blind index and PSN.
CREATE TABLE bank_name (
    kind      TEXT    NOT NULL CHECK (kind IN ('ROW', 'CARD', 'DISPATCH')),
    name      TEXT    NOT NULL,
    at_shard  INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- --- cards ----------------------------------------------------------------------------------

CREATE TABLE card (
    shard          INTEGER NOT NULL,
    card_id        INTEGER NOT NULL,
    person_id      INTEGER NOT NULL,
    programme      TEXT    NOT NULL,
    row_id         INTEGER,
    token_sealed   BLOB    NOT NULL,
    token_index    BLOB    NOT NULL CHECK (length(token_index) = 16),
    psn            INTEGER NOT NULL,
    last_four      TEXT    NOT NULL,
    account_class  TEXT    NOT NULL,
    bank_state     TEXT    CHECK (bank_state IN ('ISSUED', 'ACTIVE', 'LOSS_ORAL', 'LOSS_WRITTEN', 'FROZEN', 'DORMANT', 'EXPIRED', 'REPLACED', 'CLOSED')),
    bank_sequence  INTEGER NOT NULL,
    bank_conflict  INTEGER NOT NULL,
    bank_gap       INTEGER NOT NULL,
    union_state    TEXT    NOT NULL CHECK (union_state IN ('PENDING', 'ENABLED', 'SUSPENDED', 'REVOKED')),
    union_reason   TEXT,
    union_sequence INTEGER NOT NULL,
    custody        TEXT    NOT NULL CHECK (custody IN ('AT_BANK', 'WITH_UNION', 'WITH_MEMBER', 'MISSING', 'RETURNED', 'DESTROYED')),
    holder         INTEGER,                  -- the union that has the plastic, or missed it
    current        INTEGER NOT NULL,
    replaces       INTEGER,
    replaced_by    INTEGER,
    born           INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    PRIMARY KEY (shard, card_id)
) STRICT;
CREATE UNIQUE INDEX card_ref ON card (shard, token_index, psn);
CREATE UNIQUE INDEX card_current ON card (shard, person_id, programme) WHERE current = 1;
CREATE INDEX card_person ON card (shard, person_id);
CREATE INDEX card_holder ON card (holder) WHERE holder IS NOT NULL;
CREATE INDEX card_row ON card (shard, row_id) WHERE row_id IS NOT NULL;

CREATE TABLE card_fact (
    shard     INTEGER NOT NULL,
    card_id   INTEGER NOT NULL,
    event_id  TEXT    NOT NULL,
    digest    TEXT    NOT NULL,
    sequence  INTEGER NOT NULL,
    event     TEXT,                          -- NULL: read off the daily list (RECONCILED)
    state     TEXT    NOT NULL,
    effective INTEGER NOT NULL,
    received  INTEGER NOT NULL,
    PRIMARY KEY (shard, card_id, event_id, digest)
) STRICT;

CREATE TABLE card_hold (
    shard     INTEGER NOT NULL,
    hold_id   INTEGER NOT NULL,
    card_id   INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    owner     INTEGER NOT NULL,
    reason    TEXT    NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER,
    state     TEXT    NOT NULL CHECK (state IN ('OPEN', 'LIFTED', 'EXPIRED', 'VOID')),
    placed_as TEXT    NOT NULL,
    note      TEXT    NOT NULL,
    PRIMARY KEY (shard, hold_id)
) STRICT;
CREATE INDEX card_hold_card ON card_hold (shard, card_id);
CREATE INDEX card_hold_person ON card_hold (shard, person_id);
CREATE INDEX card_hold_until ON card_hold (until) WHERE state = 'OPEN' AND until IS NOT NULL;
CREATE INDEX card_hold_owner ON card_hold (owner) WHERE state = 'OPEN';

CREATE TABLE instruction (
    shard          INTEGER NOT NULL,
    instruction_id INTEGER NOT NULL,
    card_id        INTEGER NOT NULL,
    person_id      INTEGER NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('STOP', 'ALLOW', 'RESTORE')),
    cause          TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    sequence       INTEGER NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'UNKNOWN', 'ACKED', 'REJECTED', 'CANCELLED')),
    created        INTEGER NOT NULL,
    bank_code      TEXT    NOT NULL,
    bank_text      TEXT    NOT NULL,
    version        INTEGER NOT NULL,
    PRIMARY KEY (shard, instruction_id)
) STRICT;
CREATE UNIQUE INDEX instruction_cause ON instruction (shard, card_id, kind, cause);
CREATE UNIQUE INDEX instruction_order ON instruction (shard, card_id, sequence);

CREATE TABLE custody_list (
    list_id         INTEGER PRIMARY KEY,
    organisation_id INTEGER NOT NULL,
    event           TEXT    NOT NULL,
    batch_id        INTEGER,
    state           TEXT    NOT NULL CHECK (state IN ('OPEN', 'SIGNED', 'DROPPED')),
    made_by         TEXT    NOT NULL,
    made_at         INTEGER NOT NULL,
    signed_by       TEXT,
    signed_at       INTEGER,
    note            TEXT    NOT NULL,
    version         INTEGER NOT NULL,
    CHECK (signed_by IS NULL OR signed_by <> made_by)
) STRICT;

CREATE TABLE custody_item (
    shard   INTEGER NOT NULL,
    list_id INTEGER NOT NULL,
    card_id INTEGER NOT NULL,
    there   INTEGER NOT NULL,                -- 0: named as missing
    PRIMARY KEY (shard, list_id, card_id)
) STRICT;
CREATE INDEX custody_item_list ON custody_item (list_id);

-- What a person was given with the activation pack: once per person and programme, not per card.
CREATE TABLE entitlement (
    shard     INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    programme TEXT    NOT NULL,
    item      TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    card_id   INTEGER NOT NULL,
    since     TEXT    NOT NULL,
    until     TEXT,
    PRIMARY KEY (shard, person_id, programme, item)
) STRICT, WITHOUT ROWID;

-- --- to the bank and from the bank ----------------------------------------------------------

CREATE TABLE outbox (
    shard       INTEGER NOT NULL,
    dispatch_id INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('OPEN_CARDS', 'SET_CARD_USE', 'PAY_OUT')),
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
CREATE UNIQUE INDEX outbox_key ON outbox (shard, key);
CREATE UNIQUE INDEX outbox_order ON outbox (shard, aggregate, sequence);
CREATE UNIQUE INDEX outbox_in_flight ON outbox (shard, aggregate) WHERE state IN ('SENT', 'UNKNOWN');
CREATE INDEX outbox_due ON outbox (due) WHERE state IN ('QUEUED', 'SENT', 'UNKNOWN');
CREATE INDEX outbox_subject ON outbox (shard, subject);

CREATE TABLE inbox (
    source   TEXT    NOT NULL,
    event_id TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    stream   TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    digest   TEXT    NOT NULL,
    received INTEGER NOT NULL,
    hearing  TEXT    NOT NULL CHECK (hearing IN ('OBEYED', 'LATE', 'GAP', 'WAITING', 'DUPLICATE', 'CONFLICT', 'ASIDE')),
    subject  INTEGER NOT NULL,
    copies   INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    PRIMARY KEY (source, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_troubles ON inbox (hearing, received)
    WHERE hearing IN ('WAITING', 'CONFLICT', 'ASIDE');

CREATE TABLE inbox_waiting (
    waiting_id INTEGER PRIMARY KEY,
    source     TEXT    NOT NULL,
    event_id   TEXT    NOT NULL,
    about      TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    received   INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_waiting_about ON inbox_waiting (about, waiting_id);

CREATE TABLE bank_cursor (
    source TEXT PRIMARY KEY,
    cursor TEXT NOT NULL,
    moved  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- --- reconciliation -------------------------------------------------------------------------

CREATE TABLE recon_run (
    run_id   INTEGER PRIMARY KEY,
    kind     TEXT    NOT NULL CHECK (kind IN ('CARDS', 'MONEY')),
    day      TEXT    NOT NULL,
    digest   TEXT    NOT NULL,               -- of the bank's list: the same list is one run
    at       INTEGER NOT NULL,
    ours     INTEGER NOT NULL,
    theirs   INTEGER NOT NULL,
    agreed   INTEGER NOT NULL,
    closed   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX recon_run_list ON recon_run (kind, day, digest);

CREATE TABLE recon_difference (
    difference_id INTEGER PRIMARY KEY,
    run_id        INTEGER NOT NULL REFERENCES recon_run (run_id),
    kind          TEXT    NOT NULL,
    subject       INTEGER NOT NULL,          -- the card or order; 0: we know none
    name          TEXT    NOT NULL,          -- what the bank calls it, as a blind index
    ours          TEXT    NOT NULL,
    theirs        TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('OPEN', 'CLOSED')),
    closed_by     TEXT    NOT NULL,
    closed_at     INTEGER
) STRICT;
CREATE INDEX recon_difference_run ON recon_difference (run_id);
CREATE UNIQUE INDEX recon_difference_open ON recon_difference (kind, subject, name)
    WHERE state = 'OPEN';

CREATE TRIGGER card_fact_is_never_changed BEFORE UPDATE ON card_fact
BEGIN SELECT raise(ABORT, 'what the bank told is never changed'); END;
CREATE TRIGGER card_fact_is_never_deleted BEFORE DELETE ON card_fact
BEGIN SELECT raise(ABORT, 'what the bank told is never deleted'); END;
