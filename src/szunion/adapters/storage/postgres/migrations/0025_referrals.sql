-- Matters that the hotline passed on to unions: what was said is sealed. And tickets that wait are
-- found without passing by all that are done with.

CREATE TABLE referral (
    shard           BIGINT NOT NULL,
    referral_id     BIGINT NOT NULL,
    ticket_id       BIGINT NOT NULL,                 -- the call it came from
    person_id       BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL,                 -- the union that answers
    matter          TEXT COLLATE "C" NOT NULL,
    made            BIGINT NOT NULL,
    clerk           TEXT COLLATE "C" NOT NULL,
    handler         TEXT COLLATE "C" NOT NULL,
    due             TEXT COLLATE "C" NOT NULL,
    watch           TEXT COLLATE "C",                -- after this day it is overdue next
    raised_id       BIGINT,                          -- the union that sees to it since it is
    breaches        BIGINT NOT NULL CHECK (breaches >= 0),
    late            BIGINT NOT NULL CHECK (late IN (0, 1)),
    bounces         BIGINT NOT NULL CHECK (bounces >= 0),
    calls           BIGINT NOT NULL CHECK (calls >= 0),
    state           TEXT COLLATE "C" NOT NULL,
    sealed          BYTEA   NOT NULL,                 -- what was said, answered and noted
    changed         BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    PRIMARY KEY (shard, referral_id),
    CHECK (watch IS NULL OR state IN ('ASSIGNED', 'WORKING'))
);
CREATE INDEX referral_person ON referral (shard, person_id);
CREATE INDEX referral_union ON referral (organisation_id, state, due);
CREATE INDEX referral_watch ON referral (watch) WHERE watch IS NOT NULL;
CREATE INDEX referral_over ON referral (changed)
    WHERE state IN ('CLOSED', 'MERGED', 'FORWARDED', 'WITHDRAWN');

CREATE INDEX ticket_waiting ON ticket (ticket_id) WHERE state = 'NEW';
CREATE INDEX ticket_waiting_of ON ticket (clerk, ticket_id) WHERE state = 'NEW';
