-- Limited stock and bookings, who took part in what, what is owed and paid, the books.
-- Nothing here names a person; a household or a student is a blind index.

CREATE TABLE offer (
    offer_id     INTEGER PRIMARY KEY,
    item         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    title_en     TEXT    NOT NULL,
    stock        INTEGER NOT NULL CHECK (stock >= 0),
    taken        INTEGER NOT NULL CHECK (taken >= 0),
    per_person   INTEGER NOT NULL CHECK (per_person >= 1),
    opens        INTEGER NOT NULL,
    closes       INTEGER NOT NULL,
    waiting_list INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    CHECK (taken <= stock)                   -- never oversold, whatever the code does
) STRICT;
CREATE INDEX offer_open ON offer (closes, offer_id);

CREATE TABLE booking (
    shard      INTEGER NOT NULL,
    booking_id INTEGER NOT NULL,
    offer_id   INTEGER NOT NULL REFERENCES offer (offer_id),
    person_id  INTEGER NOT NULL,
    place      INTEGER NOT NULL,             -- the person's how-manieth of this offer that counts
    state      TEXT    NOT NULL CHECK (state IN ('REQUESTED', 'HELD', 'CONFIRMED', 'WAITLISTED', 'USED', 'NO_SHOW', 'CANCELLED', 'EXPIRED', 'REFUSED')),
    asked      INTEGER NOT NULL,
    confirm_by INTEGER,
    refused    TEXT,
    version    INTEGER NOT NULL,
    PRIMARY KEY (shard, booking_id)
) STRICT;
CREATE UNIQUE INDEX booking_once ON booking (shard, offer_id, person_id, place)
    WHERE state IN ('REQUESTED', 'HELD', 'CONFIRMED', 'WAITLISTED', 'USED', 'NO_SHOW');
CREATE INDEX booking_person ON booking (shard, person_id);
CREATE INDEX booking_lapse ON booking (confirm_by) WHERE state = 'HELD';
CREATE INDEX booking_queue ON booking (offer_id, asked, booking_id) WHERE state = 'WAITLISTED';
CREATE INDEX booking_offer ON booking (offer_id, state);

CREATE TABLE participation (
    shard            INTEGER NOT NULL,
    participation_id INTEGER NOT NULL,
    key              TEXT    NOT NULL,
    person_id        INTEGER NOT NULL,
    item             TEXT    NOT NULL,
    category         TEXT    NOT NULL,
    occasion         TEXT    NOT NULL,
    at               INTEGER NOT NULL,
    recorded         INTEGER NOT NULL,
    means            TEXT    NOT NULL,
    outcome          TEXT    NOT NULL,
    card_id          INTEGER,
    organisation_id  INTEGER,
    author           TEXT    NOT NULL,
    corrects         INTEGER,
    reason           TEXT    NOT NULL,
    PRIMARY KEY (shard, participation_id)
) STRICT;
CREATE UNIQUE INDEX participation_once ON participation (shard, key);
CREATE INDEX participation_person ON participation (shard, person_id, at);

CREATE TABLE rating (                        -- one word of a member on what he or she took part in
    shard            INTEGER NOT NULL,
    participation_id INTEGER NOT NULL,
    person_id        INTEGER NOT NULL,
    item             TEXT    NOT NULL,
    stars            INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    at               INTEGER NOT NULL,
    PRIMARY KEY (shard, participation_id)
) STRICT;
CREATE INDEX rating_item ON rating (item);

-- --- money ------------------------------------------------------------------------------------

CREATE TABLE obligation (
    shard         INTEGER NOT NULL,
    obligation_id INTEGER NOT NULL,
    key           BLOB    NOT NULL CHECK (length(key) = 16),   -- of the grant, blind
    person_id     INTEGER NOT NULL,
    item          TEXT    NOT NULL,
    year          INTEGER NOT NULL,          -- the budget it comes from
    fen           INTEGER NOT NULL CHECK (typeof(fen) = 'integer' AND fen > 0),
    settled       INTEGER NOT NULL CHECK (typeof(settled) = 'integer' AND settled >= 0),
    in_flight     INTEGER NOT NULL CHECK (typeof(in_flight) = 'integer' AND in_flight >= 0),
    decided       INTEGER NOT NULL,
    decided_by    TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (shard, obligation_id),
    CHECK (settled + in_flight <= fen)       -- settled is net of what came back
) STRICT;
CREATE INDEX obligation_person ON obligation (shard, person_id);
CREATE INDEX obligation_open ON obligation (item, year, obligation_id) WHERE settled + in_flight < fen;

-- What was granted, under its business key: the same household and period twice has one key.
CREATE TABLE granted (
    shard         INTEGER NOT NULL,          -- of the key, not of the person
    key           BLOB    NOT NULL CHECK (length(key) = 16),
    obligation_id INTEGER NOT NULL,
    PRIMARY KEY (shard, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE payout (
    payout_id   INTEGER PRIMARY KEY,
    key         TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    year        INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('DRAFT', 'APPROVED', 'CANCELLED')),
    orders      INTEGER NOT NULL,
    total       INTEGER NOT NULL CHECK (typeof(total) = 'integer'),
    made        INTEGER NOT NULL,
    made_by     TEXT    NOT NULL,
    approved_by TEXT,
    version     INTEGER NOT NULL,
    CHECK (approved_by IS NULL OR approved_by <> made_by)
) STRICT;
CREATE UNIQUE INDEX payout_key ON payout (key);

-- An attempt to pay; the orders of one part of a pay-out are one request to the bank.
CREATE TABLE pay_order (
    shard         INTEGER NOT NULL,
    order_id      INTEGER NOT NULL,
    obligation_id INTEGER NOT NULL,
    person_id     INTEGER NOT NULL,
    card_id       INTEGER NOT NULL,
    payout_id     INTEGER NOT NULL REFERENCES payout (payout_id),
    part          INTEGER NOT NULL,
    fen           INTEGER NOT NULL CHECK (typeof(fen) = 'integer' AND fen > 0),
    key           TEXT    NOT NULL,
    due           TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('DRAFT', 'APPROVED', 'BATCHED', 'SENT', 'UNKNOWN', 'ACCEPTED', 'SETTLED', 'RETURNED', 'REJECTED', 'CANCELLED')),
    made_by       TEXT    NOT NULL,
    approved_by   TEXT,
    replaces      INTEGER,
    settlement_missing INTEGER NOT NULL,
    sequence      INTEGER NOT NULL,
    bank_code     TEXT    NOT NULL,
    bank_text     TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (shard, order_id),
    CHECK (approved_by IS NULL OR approved_by <> made_by)
) STRICT;
CREATE UNIQUE INDEX pay_order_key ON pay_order (shard, key);
CREATE UNIQUE INDEX pay_order_replaces ON pay_order (shard, replaces) WHERE replaces IS NOT NULL AND state <> 'CANCELLED';
CREATE INDEX pay_order_obligation ON pay_order (shard, obligation_id);
CREATE INDEX pay_order_payout ON pay_order (payout_id, part, order_id);

-- What the bank calls an order: from its key to the shard it lies in.
CREATE TABLE pay_order_name (
    key      TEXT    NOT NULL PRIMARY KEY,
    at_shard INTEGER NOT NULL,
    order_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE budget (
    item      TEXT    NOT NULL,
    year      INTEGER NOT NULL,
    ceiling   INTEGER NOT NULL CHECK (typeof(ceiling) = 'integer' AND ceiling >= 0),
    committed INTEGER NOT NULL CHECK (typeof(committed) = 'integer' AND committed >= 0),
    version   INTEGER NOT NULL,
    PRIMARY KEY (item, year),
    CHECK (committed <= ceiling)             -- never overrun, whatever the code does
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    transfer_id INTEGER PRIMARY KEY,
    debit       TEXT    NOT NULL,
    credit      TEXT    NOT NULL,
    fen         INTEGER NOT NULL CHECK (typeof(fen) = 'integer' AND fen BETWEEN 1 AND 10000000000000),
    entry       TEXT    NOT NULL CHECK (entry IN ('PENDING', 'POST', 'VOID', 'DIRECT')),
    of          INTEGER REFERENCES ledger (transfer_id),
    code        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    CHECK (debit <> credit)
) STRICT;
CREATE UNIQUE INDEX ledger_ended ON ledger (of) WHERE entry IN ('POST', 'VOID');
CREATE INDEX ledger_code ON ledger (code);
CREATE INDEX ledger_debit ON ledger (debit);
CREATE INDEX ledger_credit ON ledger (credit);

CREATE TABLE statement_line (                -- what the bank's statement says, each line once
    day      TEXT    NOT NULL,
    position INTEGER NOT NULL,
    key      TEXT    NOT NULL,
    kind     TEXT    NOT NULL CHECK (kind IN ('PAID', 'RETURNED')),
    fen      INTEGER NOT NULL CHECK (typeof(fen) = 'integer'),
    verdict  TEXT    NOT NULL,
    explained TEXT   NOT NULL,
    PRIMARY KEY (day, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX statement_key ON statement_line (key, kind);
CREATE INDEX statement_open ON statement_line (verdict, explained);
CREATE INDEX ledger_posted ON ledger (at) WHERE entry = 'POST';

CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger
BEGIN SELECT raise(ABORT, 'the books are never changed'); END;
CREATE TRIGGER ledger_is_never_deleted BEFORE DELETE ON ledger
BEGIN SELECT raise(ABORT, 'the books are never deleted'); END;
CREATE TRIGGER participation_is_never_changed BEFORE UPDATE ON participation
BEGIN SELECT raise(ABORT, 'a record is corrected by another'); END;
CREATE TRIGGER participation_is_never_deleted BEFORE DELETE ON participation
BEGIN SELECT raise(ABORT, 'a record is corrected by another'); END;
