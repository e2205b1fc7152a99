-- What past days are asked about needs what was so then: the city's rules as they changed, what the
-- union decided of each card and when, and a way from a union to whoever belonged to it.

CREATE TABLE policy_version (
    number     INTEGER PRIMARY KEY,
    holds_from TEXT    NOT NULL,                  -- the first day of these rules
    recorded   INTEGER NOT NULL,                  -- the moment from which we know them
    digest     TEXT    NOT NULL,
    body       TEXT    NOT NULL                   -- JSON: rights by state, terms by item
) STRICT;

CREATE TABLE card_standing (
    shard          INTEGER NOT NULL,
    card_id        INTEGER NOT NULL,
    version        INTEGER NOT NULL,              -- of the card, when this became so
    person_id      INTEGER NOT NULL,
    recorded       INTEGER NOT NULL,
    union_state    TEXT    NOT NULL,
    union_reason   TEXT,
    union_sequence INTEGER NOT NULL,
    current        INTEGER NOT NULL,
    replaced_by    INTEGER,
    holds          TEXT    NOT NULL,              -- JSON, empty: none
    PRIMARY KEY (shard, card_id, version)
) STRICT, WITHOUT ROWID;

-- Of what was before nothing is known but the present: it stands as if it had always been so.
INSERT INTO card_standing (shard, card_id, version, person_id, recorded, union_state, union_reason,
                           union_sequence, current, replaced_by, holds)
SELECT shard, card_id, version, person_id, born, union_state, union_reason, union_sequence, current,
       replaced_by, ''
FROM card;

CREATE INDEX affiliation_of_union ON affiliation (organisation_id, person_id);
