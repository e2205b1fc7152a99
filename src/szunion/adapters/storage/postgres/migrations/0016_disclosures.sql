-- What left the system for an officer's eyes: exports and plain values, and how many a day.
-- A person's id stays here as in the audit log: it is a pseudonym.

CREATE TABLE disclosure (
    disclosure_id BIGINT PRIMARY KEY,
    kind      TEXT    NOT NULL CHECK (kind IN ('EXPORT', 'REVEAL')),
    actor     TEXT    NOT NULL,
    role      TEXT    NOT NULL,
    node      BIGINT,
    purpose   TEXT    NOT NULL,
    day       TEXT    NOT NULL,
    at        BIGINT NOT NULL,
    counted   BIGINT NOT NULL CHECK (counted >= 0),
    person_id BIGINT NOT NULL,                   -- 0: nobody alone
    what      TEXT    NOT NULL,
    reason    TEXT    NOT NULL
);
CREATE INDEX disclosure_kind ON disclosure (kind, disclosure_id);

CREATE TABLE disclosure_count (
    actor   TEXT    NOT NULL,
    day     TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    counted BIGINT NOT NULL CHECK (counted >= 0),
    PRIMARY KEY (actor, day, kind)
);
