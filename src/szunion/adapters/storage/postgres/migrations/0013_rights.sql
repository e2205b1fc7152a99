-- What people answered about their data, what they asked for, what was erased.
-- Times are microseconds since 1970 UTC; dates are ISO 8601 text; ids carry their shard.

CREATE TABLE consent_word (                       -- words are added; the present consent is a fold
    shard       BIGINT NOT NULL,
    word_id     BIGINT NOT NULL,
    consent_id  BIGINT NOT NULL,                 -- the answer that it belongs to
    person_id   BIGINT NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    notice TEXT COLLATE "C" NOT NULL,                 -- which text was shown
    sha256 TEXT COLLATE "C" NOT NULL,                 -- and its hash
    channel TEXT COLLATE "C" NOT NULL,
    at          BIGINT NOT NULL,
    by_guardian BIGINT NOT NULL,
    login TEXT COLLATE "C" NOT NULL,
    device TEXT COLLATE "C" NOT NULL,
    paper TEXT COLLATE "C" NOT NULL,
    image TEXT COLLATE "C" NOT NULL,
    follows     BIGINT,
    PRIMARY KEY (shard, word_id)
);
CREATE INDEX consent_word_person ON consent_word (shard, person_id, word_id);

CREATE TABLE rights_request (
    shard       BIGINT NOT NULL,
    request_id  BIGINT NOT NULL,
    person_id   BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('copy', 'correct', 'erase', 'explain')),
    asked       BIGINT NOT NULL,
    made_by TEXT COLLATE "C" NOT NULL,
    due TEXT COLLATE "C" NOT NULL,
    must_by TEXT COLLATE "C" NOT NULL,
    wanted      BYTEA,                             -- sealed: what is to be corrected
    paper TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('ASKED', 'VERIFIED', 'DONE', 'REFUSED', 'WITHDRAWN')),
    verified_by TEXT COLLATE "C" NOT NULL,
    evidence TEXT COLLATE "C" NOT NULL,
    answered_by TEXT COLLATE "C" NOT NULL,
    answered    BIGINT,
    refusal     TEXT COLLATE "C",
    version     BIGINT NOT NULL,
    PRIMARY KEY (shard, request_id),
    CHECK ((state = 'REFUSED') = (refusal IS NOT NULL))
);
CREATE INDEX rights_request_person ON rights_request (shard, person_id);
CREATE INDEX rights_request_open ON rights_request (must_by) WHERE state IN ('ASKED', 'VERIFIED');

CREATE TABLE erasure (                            -- the journal: what a restored copy must do again
    shard     BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    done_by TEXT COLLATE "C" NOT NULL,
    request   BIGINT NOT NULL,
    lines TEXT COLLATE "C" NOT NULL,                   -- JSON: what was destroyed, what is kept until when
    next_due  TEXT COLLATE "C",                               -- when the next kept thing runs out
    files     BIGINT NOT NULL,
    PRIMARY KEY (shard, person_id)
);
CREATE INDEX erasure_due ON erasure (next_due) WHERE next_due IS NOT NULL;

CREATE TABLE payee_name (                         -- kept apart for the vouchers, under its own salt
    shard     BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    sealed    BYTEA    NOT NULL,
    salt      BYTEA    NOT NULL CHECK (length(salt) = 16),
    until TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, person_id)
);

CREATE TRIGGER consent_word_is_never_changed BEFORE UPDATE ON consent_word
    FOR EACH ROW EXECUTE FUNCTION refuse('a consent is answered anew');

CREATE FUNCTION refuse_unless_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM erasure e
               WHERE e.shard = OLD.shard AND e.person_id = OLD.person_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
CREATE TRIGGER consent_word_is_never_deleted BEFORE DELETE ON consent_word
    FOR EACH ROW EXECUTE FUNCTION refuse_unless_erased('a consent is proof until its term is over');

-- What the bank told of an erased person's card goes when the time for disputes is over.
CREATE FUNCTION refuse_unless_holder_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM card c JOIN erasure e
                   ON e.shard = c.shard AND e.person_id = c.person_id
               WHERE c.shard = OLD.shard AND c.card_id = OLD.card_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
DROP TRIGGER card_fact_is_never_deleted ON card_fact;
CREATE TRIGGER card_fact_is_never_deleted BEFORE DELETE ON card_fact
    FOR EACH ROW EXECUTE FUNCTION refuse_unless_holder_erased('what the bank told is never deleted');
