-- What people answered about their data, what they asked for, what was erased.
-- Times are microseconds since 1970 UTC; dates are ISO 8601 text; ids carry their shard.

CREATE TABLE consent_word (                       -- words are added; the present consent is a fold
    shard       INTEGER NOT NULL,
    word_id     INTEGER NOT NULL,
    consent_id  INTEGER NOT NULL,                 -- the answer that it belongs to
    person_id   INTEGER NOT NULL,
    event       TEXT    NOT NULL,
    purpose     TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,
    notice      TEXT    NOT NULL,                 -- which text was shown
    sha256      TEXT    NOT NULL,                 -- and its hash
    channel     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    by_guardian INTEGER NOT NULL,
    login       TEXT    NOT NULL,
    device      TEXT    NOT NULL,
    paper       TEXT    NOT NULL,
    image       TEXT    NOT NULL,
    follows     INTEGER,
    PRIMARY KEY (shard, word_id)
) STRICT;
CREATE INDEX consent_word_person ON consent_word (shard, person_id, word_id);

CREATE TABLE rights_request (
    shard       INTEGER NOT NULL,
    request_id  INTEGER NOT NULL,
    person_id   INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('copy', 'correct', 'erase', 'explain')),
    asked       INTEGER NOT NULL,
    made_by     TEXT    NOT NULL,
    due         TEXT    NOT NULL,
    must_by     TEXT    NOT NULL,
    wanted      BLOB,                             -- sealed: what is to be corrected
    paper       TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('ASKED', 'VERIFIED', 'DONE', 'REFUSED', 'WITHDRAWN')),
    verified_by TEXT    NOT NULL,
    evidence    TEXT    NOT NULL,
    answered_by TEXT    NOT NULL,
    answered    INTEGER,
    refusal     TEXT,
    version     INTEGER NOT NULL,
    PRIMARY KEY (shard, request_id),
    CHECK ((state = 'REFUSED') = (refusal IS NOT NULL))
) STRICT;
CREATE INDEX rights_request_person ON rights_request (shard, person_id);
CREATE INDEX rights_request_open ON rights_request (must_by) WHERE state IN ('ASKED', 'VERIFIED');

CREATE TABLE erasure (                            -- the journal: what a restored copy must do again
    shard     INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    done_by   TEXT    NOT NULL,
    request   INTEGER NOT NULL,
    lines     TEXT    NOT NULL,                   -- JSON: what was destroyed, what is kept until when
    next_due  TEXT,                               -- when the next kept thing runs out
    files     INTEGER NOT NULL,
    PRIMARY KEY (shard, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_due ON erasure (next_due) WHERE next_due IS NOT NULL;

CREATE TABLE payee_name (                         -- kept apart for the vouchers, under its own salt
    shard     INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    sealed    BLOB    NOT NULL,
    salt      BLOB    NOT NULL CHECK (length(salt) = 16),
    until     TEXT    NOT NULL,
    PRIMARY KEY (shard, person_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER consent_word_is_never_changed BEFORE UPDATE ON consent_word
BEGIN SELECT raise(ABORT, 'a consent is answered anew'); END;
CREATE TRIGGER consent_word_is_never_deleted BEFORE DELETE ON consent_word
WHEN NOT EXISTS (SELECT 1 FROM erasure e
                 WHERE e.shard = OLD.shard AND e.person_id = OLD.person_id)
BEGIN SELECT raise(ABORT, 'a consent is proof until its term is over'); END;

-- What the bank told of an erased person's card goes when the time for disputes is over.
DROP TRIGGER card_fact_is_never_deleted;
CREATE TRIGGER card_fact_is_never_deleted BEFORE DELETE ON card_fact
WHEN NOT EXISTS (SELECT 1 FROM card c JOIN erasure e
                     ON e.shard = c.shard AND e.person_id = c.person_id
                 WHERE c.shard = OLD.shard AND c.card_id = OLD.card_id)
BEGIN SELECT raise(ABORT, 'what the bank told is never deleted'); END;
