-- Sign-ups of unions for what their members join together, and who is on the lists of those that
-- are open. A list goes when its sign-up ends: what is left of it is the record of taking part.

CREATE TABLE joining (
    joining_id      BIGINT PRIMARY KEY,
    organisation_id BIGINT NOT NULL,                 -- the union that signed up
    item            TEXT COLLATE "C" NOT NULL,
    first_day       TEXT COLLATE "C" NOT NULL,       -- wished for; accepted, the day itself
    last_day        TEXT COLLATE "C" NOT NULL,
    session         TEXT COLLATE "C" NOT NULL,
    place           TEXT COLLATE "C" NOT NULL,
    number          BIGINT NOT NULL CHECK (number >= 1),
    asked           BIGINT NOT NULL,
    asked_by        TEXT COLLATE "C" NOT NULL,
    decided_by      TEXT COLLATE "C" NOT NULL,       -- empty: nobody yet
    state           TEXT COLLATE "C" NOT NULL
                    CHECK (state IN ('ASKED', 'ACCEPTED', 'HELD', 'CLOSED', 'DECLINED', 'WITHDRAWN', 'CANCELLED', 'LAPSED')),
    reason          TEXT COLLATE "C" NOT NULL,
    came            BIGINT NOT NULL CHECK (came >= 0),
    changed         BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    CHECK (first_day <= last_day)
);
CREATE INDEX joining_union ON joining (organisation_id, state, last_day);
CREATE INDEX joining_open ON joining (last_day) WHERE state IN ('ASKED', 'ACCEPTED', 'HELD');

CREATE TABLE joining_member (
    shard           BIGINT NOT NULL,
    joining_id      BIGINT NOT NULL,
    person_id       BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL,                 -- the union whose list it is
    came            BIGINT NOT NULL CHECK (came IN (0, 1)),
    PRIMARY KEY (shard, joining_id, person_id)
);
CREATE INDEX joining_member_list ON joining_member (joining_id);
CREATE INDEX joining_member_person ON joining_member (shard, person_id);
CREATE INDEX joining_member_union ON joining_member (organisation_id);
