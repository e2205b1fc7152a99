-- A matter is watched while it lies with the hotline, too: asked for in a portal, or sent back by a
-- union. What waits there now is watched from here on, by the day of its answer.

CREATE TABLE referral_wider (
    shard           INTEGER NOT NULL,
    referral_id     INTEGER NOT NULL,
    ticket_id       INTEGER NOT NULL,                 -- the call it came from; 0: there was none
    person_id       INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL,                 -- the union that answers
    topic           TEXT    NOT NULL,
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
    CHECK (watch IS NULL OR state IN ('NEW', 'ASSIGNED', 'WORKING'))
) STRICT;
INSERT INTO referral_wider (
    shard, referral_id, ticket_id, person_id, organisation_id, topic, made, clerk, handler, due,
    watch, raised_id, breaches, late, bounces, calls, state, sealed, changed, version
)
SELECT
    shard, referral_id, ticket_id, person_id, organisation_id, topic, made, clerk, handler, due,
    watch, raised_id, breaches, late, bounces, calls, state, sealed, changed, version
FROM referral;
DROP TABLE referral;
ALTER TABLE referral_wider RENAME TO referral;
CREATE INDEX referral_person ON referral (shard, person_id);
CREATE INDEX referral_union ON referral (organisation_id, state, due);
CREATE INDEX referral_watch ON referral (watch) WHERE watch IS NOT NULL;
CREATE INDEX referral_over ON referral (changed)
    WHERE state IN ('CLOSED', 'MERGED', 'FORWARDED', 'WITHDRAWN');

UPDATE referral SET watch = due WHERE state = 'NEW' AND late = 0;
