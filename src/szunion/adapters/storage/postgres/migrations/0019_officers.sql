-- Which login holds which post, and who acts for whom. Whoever acts for another is no second
-- person for that one's work: the four tables of maker and checker refuse it too.

CREATE TABLE officer_post (
    post_id         BIGINT PRIMARY KEY,
    login           TEXT COLLATE "C" NOT NULL,
    role            TEXT COLLATE "C" NOT NULL,
    organisation_id BIGINT NOT NULL,             -- 0: an organ of the city
    since           BIGINT NOT NULL,
    appointed_by    TEXT COLLATE "C" NOT NULL,
    until           BIGINT,                      -- NULL: held
    why             TEXT COLLATE "C" NOT NULL,
    version         BIGINT NOT NULL,
    CHECK (appointed_by <> login)
);
CREATE INDEX officer_post_login ON officer_post (login, post_id);
CREATE INDEX officer_post_union ON officer_post (organisation_id, post_id);
CREATE UNIQUE INDEX officer_post_held ON officer_post (login, role, organisation_id)
    WHERE until IS NULL;

CREATE TABLE delegation (
    delegation_id BIGINT PRIMARY KEY,
    delegate      TEXT COLLATE "C" NOT NULL,
    delegator     TEXT COLLATE "C" NOT NULL,
    operations    TEXT COLLATE "C" NOT NULL,               -- names, with a blank between
    since         BIGINT NOT NULL,
    until         BIGINT NOT NULL,
    made          BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    CHECK (delegate <> delegator)
);
CREATE INDEX delegation_delegate ON delegation (delegate, delegator);
CREATE INDEX delegation_delegator ON delegation (delegator);

CREATE FUNCTION by_two_sides() RETURNS trigger LANGUAGE plpgsql SET search_path = szunion, pg_catalog
AS $$
DECLARE
    given CONSTANT jsonb := to_jsonb(NEW);
    by_maker CONSTANT text := given ->> TG_ARGV[0];
    by_checker CONSTANT text := given ->> TG_ARGV[1];
    at CONSTANT bigint := (given ->> TG_ARGV[2])::bigint;
BEGIN
    IF by_checker IS NOT NULL AND EXISTS (
        SELECT FROM (SELECT by_maker AS who
                     UNION SELECT d.delegator FROM delegation d
                     WHERE d.delegate = by_maker AND d.until > at) m
        JOIN (SELECT by_checker AS who
              UNION SELECT d.delegator FROM delegation d
              WHERE d.delegate = by_checker AND d.until > at) c ON c.who = m.who)
    THEN
        RAISE EXCEPTION 'no second person'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_by_two_sides',
                  TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER proposal_by_two_sides BEFORE UPDATE OF checker ON proposal
    FOR EACH ROW EXECUTE FUNCTION by_two_sides('maker', 'checker', 'made');
CREATE TRIGGER batch_by_two_sides BEFORE UPDATE OF approved_by ON batch
    FOR EACH ROW EXECUTE FUNCTION by_two_sides('submitted_by', 'approved_by', 'created');
CREATE TRIGGER custody_list_by_two_sides BEFORE UPDATE OF signed_by ON custody_list
    FOR EACH ROW EXECUTE FUNCTION by_two_sides('made_by', 'signed_by', 'made_at');
CREATE TRIGGER payout_by_two_sides BEFORE UPDATE OF approved_by ON payout
    FOR EACH ROW EXECUTE FUNCTION by_two_sides('made_by', 'approved_by', 'made');
