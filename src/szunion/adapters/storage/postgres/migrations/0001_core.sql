-- The audit log and its seals; messages to people.
-- Times are microseconds since 1970 UTC; dates are ISO 8601 text; ids carry their shard.

-- Many write at once, so a row gets its place when it is there to be seen: `audit.settle` numbers
-- what was committed, transaction by transaction. The number comes once, and has no gaps.
CREATE TABLE audit (
    place     BIGINT,                                -- order of commit; NULL: not settled yet
    shard     BIGINT           NOT NULL,
    audit_id  BIGINT           NOT NULL,
    person_id BIGINT           NOT NULL,             -- 0: concerns nobody
    at        BIGINT           NOT NULL,
    actor     TEXT COLLATE "C" NOT NULL,
    role      TEXT COLLATE "C" NOT NULL,
    node      BIGINT           NOT NULL,
    purpose   TEXT COLLATE "C" NOT NULL,
    action    TEXT COLLATE "C" NOT NULL,
    subject   BIGINT           NOT NULL,
    before    TEXT COLLATE "C" NOT NULL,
    after     TEXT COLLATE "C" NOT NULL,
    reason    TEXT COLLATE "C" NOT NULL,
    xid       XID8             NOT NULL DEFAULT pg_current_xact_id()
);
CREATE UNIQUE INDEX audit_place ON audit (place);
CREATE INDEX audit_unsettled ON audit (xid) WHERE place IS NULL;
CREATE UNIQUE INDEX audit_by_person ON audit (shard, person_id, audit_id);

CREATE TABLE audit_leaf (
    position BIGINT PRIMARY KEY,
    place    BIGINT NOT NULL,
    leaf     BYTEA  NOT NULL CHECK (length(leaf) = 32)
);

CREATE TABLE audit_checkpoint (
    size      BIGINT           PRIMARY KEY,
    last      BIGINT           NOT NULL,             -- the last audit.place it covers
    at        BIGINT           NOT NULL,
    origin    TEXT COLLATE "C" NOT NULL,
    edge      BYTEA            NOT NULL,
    signer    TEXT COLLATE "C" NOT NULL,
    signature BYTEA            NOT NULL
);

CREATE TABLE message (
    shard      BIGINT           NOT NULL,
    message_id BIGINT           NOT NULL,
    person_id  BIGINT           NOT NULL,
    template   TEXT COLLATE "C" NOT NULL,
    fields     TEXT COLLATE "C" NOT NULL,
    created    BIGINT           NOT NULL,
    due        BIGINT           NOT NULL,
    attempts   BIGINT           NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('WAITING', 'DELIVERED', 'GIVEN_UP')),
    PRIMARY KEY (shard, message_id)
);
CREATE INDEX message_due ON message (due) WHERE state = 'WAITING';
CREATE INDEX message_person ON message (shard, person_id);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;

CREATE FUNCTION audit_settles_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place CONSTANT BIGINT := NEW.place;
BEGIN
    NEW.place := NULL;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'audit rows are never changed';
    END IF;
    NEW.place := place;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_settles_once();
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse('audit rows are never deleted');
