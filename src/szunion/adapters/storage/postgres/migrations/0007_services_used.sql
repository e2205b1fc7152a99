-- Members' wishes, services as projects, the counters that cards have told; when an event is over.

ALTER TABLE offer ADD COLUMN ends BIGINT NOT NULL DEFAULT 0;   -- the event is over
UPDATE offer SET ends = closes;
CREATE INDEX offer_over ON offer (ends, offer_id);
CREATE INDEX offer_item ON offer (item);
CREATE INDEX participation_item ON participation (item, outcome);

CREATE TABLE wish (
    shard     BIGINT           NOT NULL,
    wish_id   BIGINT           NOT NULL,
    person_id BIGINT           NOT NULL,
    category  TEXT COLLATE "C" NOT NULL,
    item      TEXT COLLATE "C" NOT NULL,             -- empty: not on the menu
    words     BYTEA,                                 -- sealed: a member's own words
    at        BIGINT           NOT NULL,
    state     TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'WITHDRAWN')),
    PRIMARY KEY (shard, wish_id)
);
CREATE UNIQUE INDEX wish_once ON wish (shard, person_id, item) WHERE item <> '' AND state = 'OPEN';
CREATE INDEX wish_person ON wish (shard, person_id);
CREATE INDEX wish_item ON wish (state, category, item);

CREATE TABLE project (                       -- each service is a project
    item        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    argument    TEXT COLLATE "C" NOT NULL,
    responsible BIGINT           NOT NULL,
    people      BIGINT           NOT NULL CHECK (people >= 0),
    resources   TEXT COLLATE "C" NOT NULL,
    since       TEXT COLLATE "C" NOT NULL,
    version     BIGINT           NOT NULL
);

-- The highest transaction counter that a card has told; a copy falls behind it.
CREATE TABLE card_counter (
    shard   BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    counter BIGINT NOT NULL CHECK (counter BETWEEN 0 AND 65535),
    at      BIGINT NOT NULL,
    PRIMARY KEY (shard, card_id)
);
