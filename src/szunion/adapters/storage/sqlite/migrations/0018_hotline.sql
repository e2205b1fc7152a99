-- Tickets of the 12351 hotline: each opens one member to one operator, for a while; and how often
-- callers answered wrongly. A person's id stays here as in the audit log: it is a pseudonym.

CREATE TABLE ticket (
    ticket_id    INTEGER PRIMARY KEY,
    clerk        TEXT    NOT NULL,
    matter       TEXT    NOT NULL,
    taken        INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    person_id    INTEGER,                         -- NULL: nobody has been identified
    opened_until INTEGER,
    version      INTEGER NOT NULL,
    CHECK ((person_id IS NULL) = (opened_until IS NULL))
) STRICT;
CREATE UNIQUE INDEX ticket_opening ON ticket (clerk)    -- one member at a time
    WHERE state = 'NEW' AND person_id IS NOT NULL;

CREATE TABLE challenge (                          -- of an operator, or of a document by its key
    subject      TEXT    NOT NULL PRIMARY KEY,
    wrong        INTEGER NOT NULL CHECK (wrong >= 0),
    began        INTEGER,
    locked_until INTEGER
) STRICT, WITHOUT ROWID;
