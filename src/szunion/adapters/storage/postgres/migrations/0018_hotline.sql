-- Tickets of the 12351 hotline: each opens one member to one operator, for a while; and how often
-- callers answered wrongly. A person's id stays here as in the audit log: it is a pseudonym.

CREATE TABLE ticket (
    ticket_id    BIGINT PRIMARY KEY,
    clerk        TEXT COLLATE "C" NOT NULL,
    matter       TEXT COLLATE "C" NOT NULL,
    taken        BIGINT NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    person_id    BIGINT,                          -- NULL: nobody has been identified
    opened_until BIGINT,
    version      BIGINT NOT NULL,
    CHECK ((person_id IS NULL) = (opened_until IS NULL))
);
CREATE UNIQUE INDEX ticket_opening ON ticket (clerk)    -- one member at a time
    WHERE state = 'NEW' AND person_id IS NOT NULL;

CREATE TABLE challenge (                          -- of an operator, or of a document by its key
    subject      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    wrong        BIGINT NOT NULL CHECK (wrong >= 0),
    began        BIGINT,
    locked_until BIGINT
);
