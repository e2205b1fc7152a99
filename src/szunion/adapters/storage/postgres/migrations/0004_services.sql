-- Limited stock and bookings, who took part in what, what is owed and paid, the books.
-- Nothing here names a person; a household or a student is a blind index.

CREATE TABLE offer (
    offer_id     BIGINT           PRIMARY KEY,
    item         TEXT COLLATE "C" NOT NULL,
    title        TEXT COLLATE "C" NOT NULL,
    title_en     TEXT COLLATE "C" NOT NULL,
    stock        BIGINT           NOT NULL CHECK (stock >= 0),
    taken        BIGINT           NOT NULL CHECK (taken >= 0),
    per_person   BIGINT           NOT NULL CHECK (per_person >= 1),
    opens        BIGINT           NOT NULL,
    closes       BIGINT           NOT NULL,
    waiting_list BIGINT           NOT NULL,
    version      BIGINT           NOT NULL,
    CHECK (taken <= stock)                   -- never oversold, whatever the code does
);
CREATE INDEX offer_open ON offer (closes, offer_id);

CREATE TABLE booking (
    shard      BIGINT           NOT NULL,
    booking_id BIGINT           NOT NULL,
    offer_id   BIGINT           NOT NULL REFERENCES offer (offer_id),
    person_id  BIGINT           NOT NULL,
    place      BIGINT           NOT NULL,            -- the person's how-manieth of this offer that counts
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('REQUESTED', 'HELD', 'CONFIRMED', 'WAITLISTED', 'USED', 'NO_SHOW', 'CANCELLED', 'EXPIRED', 'REFUSED')),
    asked      BIGINT           NOT NULL,
    confirm_by BIGINT,
    refused    TEXT COLLATE "C",
    version    BIGINT           NOT NULL,
    PRIMARY KEY (shard, booking_id)
);
CREATE UNIQUE INDEX booking_once ON booking (shard, offer_id, person_id, place)
    WHERE state IN ('REQUESTED', 'HELD', 'CONFIRMED', 'WAITLISTED', 'USED', 'NO_SHOW');
CREATE INDEX booking_person ON booking (shard, person_id);
CREATE INDEX booking_lapse ON booking (confirm_by) WHERE state = 'HELD';
CREATE INDEX booking_queue ON booking (offer_id, asked, booking_id) WHERE state = 'WAITLISTED';
CREATE INDEX booking_offer ON booking (offer_id, state);

CREATE TABLE participation (
    shard            BIGINT           NOT NULL,
    participation_id BIGINT           NOT NULL,
    key              TEXT COLLATE "C" NOT NULL,
    person_id        BIGINT           NOT NULL,
    item             TEXT COLLATE "C" NOT NULL,
    category         TEXT COLLATE "C" NOT NULL,
    occasion         TEXT COLLATE "C" NOT NULL,
    at               BIGINT           NOT NULL,
    recorded         BIGINT           NOT NULL,
    means            TEXT COLLATE "C" NOT NULL,
    outcome          TEXT COLLATE "C" NOT NULL,
    card_id          BIGINT,
    organisation_id  BIGINT,
    author           TEXT COLLATE "C" NOT NULL,
    corrects         BIGINT,
    reason           TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, participation_id)
);
CREATE UNIQUE INDEX participation_once ON participation (shard, key);
CREATE INDEX participation_person ON participation (shard, person_id, at);

CREATE TABLE rating (                        -- one word of a member on what he or she took part in
    shard            BIGINT           NOT NULL,
    participation_id BIGINT           NOT NULL,
    person_id        BIGINT           NOT NULL,
    item             TEXT COLLATE "C" NOT NULL,
    stars            BIGINT           NOT NULL CHECK (stars BETWEEN 1 AND 5),
    at               BIGINT           NOT NULL,
    PRIMARY KEY (shard, participation_id)
);
CREATE INDEX rating_item ON rating (item);

-- --- money ------------------------------------------------------------------------------------

CREATE TABLE obligation (
    shard         BIGINT           NOT NULL,
    obligation_id BIGINT           NOT NULL,
    key           BYTEA            NOT NULL CHECK (length(key) = 16), -- of the grant, blind
    person_id     BIGINT           NOT NULL,
    item          TEXT COLLATE "C" NOT NULL,
    year          BIGINT           NOT NULL,         -- the budget it comes from
    fen           BIGINT           NOT NULL CHECK (fen > 0),
    settled       BIGINT           NOT NULL CHECK (settled >= 0),
    in_flight     BIGINT           NOT NULL CHECK (in_flight >= 0),
    decided       BIGINT           NOT NULL,
    decided_by    TEXT COLLATE "C" NOT NULL,
    version       BIGINT           NOT NULL,
    PRIMARY KEY (shard, obligation_id),
    CHECK (settled + in_flight <= fen)       -- settled is net of what came back
);
CREATE INDEX obligation_person ON obligation (shard, person_id);
CREATE INDEX obligation_open ON obligation (item, year, obligation_id) WHERE settled + in_flight < fen;

-- What was granted, under its business key: the same household and period twice has one key.
CREATE TABLE granted (
    shard         BIGINT NOT NULL,                   -- of the key, not of the person
    key           BYTEA  NOT NULL CHECK (length(key) = 16),
    obligation_id BIGINT NOT NULL,
    PRIMARY KEY (shard, key)
);

CREATE TABLE payout (
    payout_id   BIGINT           PRIMARY KEY,
    key         TEXT COLLATE "C" NOT NULL,
    item        TEXT COLLATE "C" NOT NULL,
    year        BIGINT           NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'APPROVED', 'CANCELLED')),
    orders      BIGINT           NOT NULL,
    total       BIGINT           NOT NULL,
    made        BIGINT           NOT NULL,
    made_by     TEXT COLLATE "C" NOT NULL,
    approved_by TEXT COLLATE "C",
    version     BIGINT           NOT NULL,
    CHECK (approved_by IS NULL OR approved_by <> made_by)
);
CREATE UNIQUE INDEX payout_key ON payout (key);

-- An attempt to pay; the orders of one part of a pay-out are one request to the bank.
CREATE TABLE pay_order (
    shard              BIGINT           NOT NULL,
    order_id           BIGINT           NOT NULL,
    obligation_id      BIGINT           NOT NULL,
    person_id          BIGINT           NOT NULL,
    card_id            BIGINT           NOT NULL,
    payout_id          BIGINT           NOT NULL REFERENCES payout (payout_id),
    part               BIGINT           NOT NULL,
    fen                BIGINT           NOT NULL CHECK (fen > 0),
    key                TEXT COLLATE "C" NOT NULL,
    due                TEXT COLLATE "C" NOT NULL,
    state              TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'APPROVED', 'BATCHED', 'SENT', 'UNKNOWN', 'ACCEPTED', 'SETTLED', 'RETURNED', 'REJECTED', 'CANCELLED')),
    made_by            TEXT COLLATE "C" NOT NULL,
    approved_by        TEXT COLLATE "C",
    replaces           BIGINT,
    settlement_missing BIGINT           NOT NULL,
    sequence           BIGINT           NOT NULL,
    bank_code          TEXT COLLATE "C" NOT NULL,
    bank_text          TEXT COLLATE "C" NOT NULL,
    version            BIGINT           NOT NULL,
    PRIMARY KEY (shard, order_id),
    CHECK (approved_by IS NULL OR approved_by <> made_by)
);
CREATE UNIQUE INDEX pay_order_key ON pay_order (shard, key);
CREATE UNIQUE INDEX pay_order_replaces ON pay_order (shard, replaces) WHERE replaces IS NOT NULL AND state <> 'CANCELLED';
CREATE INDEX pay_order_obligation ON pay_order (shard, obligation_id);
CREATE INDEX pay_order_payout ON pay_order (payout_id, part, order_id);

-- What the bank calls an order: from its key to the shard it lies in.
CREATE TABLE pay_order_name (
    key      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at_shard BIGINT           NOT NULL,
    order_id BIGINT           NOT NULL
);

CREATE TABLE budget (
    item      TEXT COLLATE "C" NOT NULL,
    year      BIGINT           NOT NULL,
    ceiling   BIGINT           NOT NULL CHECK (ceiling >= 0),
    committed BIGINT           NOT NULL CHECK (committed >= 0),
    version   BIGINT           NOT NULL,
    PRIMARY KEY (item, year),
    CHECK (committed <= ceiling)             -- never overrun, whatever the code does
);

CREATE TABLE ledger (
    transfer_id BIGINT           PRIMARY KEY,
    debit       TEXT COLLATE "C" NOT NULL,
    credit      TEXT COLLATE "C" NOT NULL,
    fen         BIGINT           NOT NULL CHECK (fen BETWEEN 1 AND 10000000000000),
    entry       TEXT COLLATE "C" NOT NULL CHECK (entry IN ('PENDING', 'POST', 'VOID', 'DIRECT')),
    of          BIGINT           REFERENCES ledger (transfer_id),
    code        TEXT COLLATE "C" NOT NULL,
    at          BIGINT           NOT NULL,
    CHECK (debit <> credit)
);
CREATE UNIQUE INDEX ledger_ended ON ledger (of) WHERE entry IN ('POST', 'VOID');
CREATE INDEX ledger_code ON ledger (code);
CREATE INDEX ledger_debit ON ledger (debit);
CREATE INDEX ledger_credit ON ledger (credit);

CREATE TABLE statement_line (                -- what the bank's statement says, each line once
    day       TEXT COLLATE "C" NOT NULL,
    position  BIGINT           NOT NULL,
    key       TEXT COLLATE "C" NOT NULL,
    kind      TEXT COLLATE "C" NOT NULL CHECK (kind IN ('PAID', 'RETURNED')),
    fen       BIGINT           NOT NULL,
    verdict   TEXT COLLATE "C" NOT NULL,
    explained TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (day, position)
);
CREATE INDEX statement_key ON statement_line (key, kind);
CREATE INDEX statement_open ON statement_line (verdict, explained);
CREATE INDEX ledger_posted ON ledger (at) WHERE entry = 'POST';

CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger
    FOR EACH ROW EXECUTE FUNCTION refuse('the books are never changed');
CREATE TRIGGER ledger_is_never_deleted BEFORE DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION refuse('the books are never deleted');
CREATE TRIGGER participation_is_never_changed BEFORE UPDATE ON participation
    FOR EACH ROW EXECUTE FUNCTION refuse('a record is corrected by another');
CREATE TRIGGER participation_is_never_deleted BEFORE DELETE ON participation
    FOR EACH ROW EXECUTE FUNCTION refuse('a record is corrected by another');
