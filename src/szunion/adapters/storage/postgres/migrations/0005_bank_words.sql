-- What else the bank has said: signings face to face, free services, reserved card numbers.

CREATE TABLE face_sign (
    shard            BIGINT           NOT NULL,
    row_id           BIGINT           NOT NULL,
    sequence         BIGINT           NOT NULL,      -- in the row's stream: every result is kept
    person_id        BIGINT           NOT NULL,
    identity_version BIGINT           NOT NULL,
    result           TEXT COLLATE "C" NOT NULL CHECK (result IN ('SIGNED', 'NOT_THE_PERSON', 'PAPERS_MISSING', 'NOT_WILLING', 'OTHER')),
    effective        BIGINT           NOT NULL,
    received         BIGINT           NOT NULL,
    bank_code        TEXT COLLATE "C" NOT NULL,
    bank_text        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, row_id, sequence)
);
CREATE INDEX face_sign_person ON face_sign (shard, person_id);

CREATE TABLE fee_waiver (
    shard     BIGINT           NOT NULL,
    card_id   BIGINT           NOT NULL,
    month     TEXT COLLATE "C" NOT NULL,
    kind      TEXT COLLATE "C" NOT NULL CHECK (kind IN ('ATM_WITHDRAWAL', 'REMITTANCE')),
    person_id BIGINT           NOT NULL,
    used      BIGINT           NOT NULL CHECK (used >= 0),
    allowed   BIGINT,
    sequence  BIGINT           NOT NULL,             -- a later word replaces an earlier one, never the other way
    told      BIGINT           NOT NULL,
    PRIMARY KEY (shard, card_id, month, kind)
);

CREATE TABLE number_reservation (
    shard            BIGINT           NOT NULL,
    reservation_id   BIGINT           NOT NULL,
    person_id        BIGINT           NOT NULL,
    programme        TEXT COLLATE "C" NOT NULL,
    digits           TEXT COLLATE "C" NOT NULL,
    number           BIGINT           NOT NULL,
    key              TEXT COLLATE "C" NOT NULL,
    identity_version BIGINT           NOT NULL,
    asked            BIGINT           NOT NULL,
    asked_by         TEXT COLLATE "C" NOT NULL,
    result           TEXT COLLATE "C" CHECK (result IN ('RESERVED', 'TAKEN', 'NOT_OFFERED', 'LAPSED', 'USED')),
    until            TEXT COLLATE "C",
    sequence         BIGINT           NOT NULL,
    refused          TEXT COLLATE "C" NOT NULL,
    version          BIGINT           NOT NULL,
    PRIMARY KEY (shard, reservation_id)
);
CREATE UNIQUE INDEX reservation_key ON number_reservation (shard, key);
CREATE UNIQUE INDEX reservation_open ON number_reservation (shard, person_id, programme)
    WHERE refused = '' AND (result IS NULL OR result = 'RESERVED');

-- The outbox carries three more kinds of request.
ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('OPEN_CARDS', 'SET_CARD_USE',
    'PAY_OUT', 'RESERVE_NUMBER', 'CARD_LIST', 'STATEMENT'));
