-- What past days are asked about needs what was so then: the city's rules as they changed, what the
-- union decided of each card and when, and a way from a union to whoever belonged to it.

CREATE TABLE policy_version (
    number     BIGINT PRIMARY KEY,
    holds_from TEXT COLLATE "C"    NOT NULL,                  -- the first day of these rules
    recorded   BIGINT NOT NULL,                  -- the moment from which we know them
    digest     TEXT COLLATE "C"    NOT NULL,
    body       TEXT COLLATE "C"    NOT NULL                   -- JSON: rights by state, terms by item
);

CREATE TABLE card_standing (
    shard          BIGINT NOT NULL,
    card_id        BIGINT NOT NULL,
    version        BIGINT NOT NULL,              -- of the card, when this became so
    person_id      BIGINT NOT NULL,
    recorded       BIGINT NOT NULL,
    union_state    TEXT COLLATE "C"    NOT NULL,
    union_reason   TEXT COLLATE "C",
    union_sequence BIGINT NOT NULL,
    current        BIGINT NOT NULL,
    replaced_by    BIGINT,
    holds          TEXT COLLATE "C"    NOT NULL,              -- JSON, empty: none
    PRIMARY KEY (shard, card_id, version)
);

-- Of what was before nothing is known but the present: it stands as if it had always been so.
INSERT INTO card_standing (shard, card_id, version, person_id, recorded, union_state, union_reason,
                           union_sequence, current, replaced_by, holds)
SELECT shard, card_id, version, person_id, born, union_state, union_reason, union_sequence, current,
       replaced_by, ''
FROM card;

CREATE INDEX affiliation_of_union ON affiliation (organisation_id, person_id);
