-- Matters that the hotline passed on to unions: what was said is sealed. And tickets that wait are
-- found without passing by all that are done with.

CREATE TABLE referral (
    shard           INTEGER NOT NULL,
    referral_id     INTEGER NOT NULL,
    ticket_id       INTEGER NOT NULL,                 -- the call it came from
    person_id       INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL,                 -- the union that answers
    matter          TEXT    NOT NULL,
    made            INTEGER NOT NULL,
    clerk           TEXT    NOT NULL,
    handler         TEXT    NOT NULL,
    due             TEXT    NOT NULL,
    watch           TEXT,                             -- after this day it is overdue next
    raised_id       INTEGER,                          -- the union that sees to it since it is
    breaches        INTEGER NOT NULL CHECK (breaches >= 0),
    late            INTEGER NOT NULL CHECK (late IN (0, 1)),
    bounces         INTEGER NOT NULL CHECK (bounces >= 0),
    calls           INTEGER NOT NULL CHECK (calls >= 0),
    state           TEXT    NOT NULL,
    sealed          BLOB    NOT NULL,                 -- what was said, answered and noted
    changed         INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    PRIMARY KEY (shard, referral_id),
    CHECK (watch IS NULL OR state IN ('ASSIGNED', 'WORKING'))
) STRICT;
CREATE INDEX referral_person ON referral (shard, person_id);
CREATE INDEX referral_union ON referral (organisation_id, state, due);
CREATE INDEX referral_watch ON referral (watch) WHERE watch IS NOT NULL;
CREATE INDEX referral_over ON referral (changed)
    WHERE state IN ('CLOSED', 'MERGED', 'FORWARDED', 'WITHDRAWN');

CREATE INDEX ticket_waiting ON ticket (ticket_id) WHERE state = 'NEW';
CREATE INDEX ticket_waiting_of ON ticket (clerk, ticket_id) WHERE state = 'NEW';
