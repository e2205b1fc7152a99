-- Unions, people, memberships, transfers, portal bindings, roster imports.
-- Times are microseconds since 1970 UTC; dates are ISO 8601 text; ids carry their shard.
-- What identifies a person stands sealed in one column a row, and blindly indexed; nowhere else.

CREATE TABLE organisation (
    organisation_id INTEGER PRIMARY KEY,
    code            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    kind            TEXT    NOT NULL CHECK (kind IN ('CITY', 'DISTRICT', 'STREET', 'COMMUNITY',
                        'INDUSTRY', 'GRASSROOTS', 'JOINT', 'POOL')),
    state           TEXT    NOT NULL CHECK (state IN ('REGISTERED', 'ACTIVE', 'SUSPENDED',
                        'MERGED', 'DISSOLVED')),
    parent_id       INTEGER REFERENCES organisation (organisation_id),
    path            TEXT    NOT NULL UNIQUE,      -- ids from the city federation down: /1/7/93/
    credit_code     TEXT,
    reason          TEXT,
    successor_id    INTEGER REFERENCES organisation (organisation_id),
    version         INTEGER NOT NULL,
    CHECK ((kind = 'CITY') = (parent_id IS NULL))
) STRICT;
CREATE INDEX organisation_below ON organisation (parent_id);
CREATE UNIQUE INDEX organisation_root ON organisation (kind) WHERE kind = 'CITY';
CREATE UNIQUE INDEX organisation_unit ON organisation (credit_code)
    WHERE credit_code IS NOT NULL AND state NOT IN ('MERGED', 'DISSOLVED');

CREATE TABLE organisation_place (
    organisation_id INTEGER NOT NULL REFERENCES organisation (organisation_id),
    number          INTEGER NOT NULL,             -- 0 is the first placement
    parent_id       INTEGER NOT NULL,
    since           TEXT    NOT NULL,
    until           TEXT,
    recorded        INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, number)
) STRICT, WITHOUT ROWID;
