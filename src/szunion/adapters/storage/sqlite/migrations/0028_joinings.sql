-- Sign-ups of unions for what their members join together, and who is on the lists of those that
-- are open. A list goes when its sign-up ends: what is left of it is the record of taking part.

CREATE TABLE joining (
    joining_id      INTEGER PRIMARY KEY,
    organisation_id INTEGER NOT NULL,                 -- the union that signed up
    item            TEXT    NOT NULL,
    first_day       TEXT    NOT NULL,                 -- wished for; accepted, the day itself
    last_day        TEXT    NOT NULL,
    session         TEXT    NOT NULL,
    place           TEXT    NOT NULL,
    number          INTEGER NOT NULL CHECK (number >= 1),
    asked           INTEGER NOT NULL,
    asked_by        TEXT    NOT NULL,
    decided_by      TEXT    NOT NULL,                 -- empty: nobody yet
    state           TEXT    NOT NULL
                    CHECK (state IN ('ASKED', 'ACCEPTED', 'HELD', 'CLOSED', 'DECLINED', 'WITHDRAWN', 'CANCELLED', 'LAPSED')),
    reason          TEXT    NOT NULL,
    came            INTEGER NOT NULL CHECK (came >= 0),
    changed         INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    CHECK (first_day <= last_day)
) STRICT;
CREATE INDEX joining_union ON joining (organisation_id, state, last_day);
CREATE INDEX joining_open ON joining (last_day) WHERE state IN ('ASKED', 'ACCEPTED', 'HELD');

CREATE TABLE joining_member (
    shard           INTEGER NOT NULL,
    joining_id      INTEGER NOT NULL,
    person_id       INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL,                 -- the union whose list it is
    came            INTEGER NOT NULL CHECK (came IN (0, 1)),
    PRIMARY KEY (shard, joining_id, person_id)
) STRICT;
CREATE INDEX joining_member_list ON joining_member (joining_id);
CREATE INDEX joining_member_person ON joining_member (shard, person_id);
CREATE INDEX joining_member_union ON joining_member (organisation_id);
