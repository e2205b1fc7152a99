-- Which login holds which post, and who acts for whom. Whoever acts for another is no second
-- person for that one's work: the four tables of maker and checker refuse it too.

CREATE TABLE officer_post (
    post_id         INTEGER PRIMARY KEY,
    login           TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    organisation_id INTEGER NOT NULL,             -- 0: an organ of the city
    since           INTEGER NOT NULL,
    appointed_by    TEXT    NOT NULL,
    until           INTEGER,                      -- NULL: held
    why             TEXT    NOT NULL,
    version         INTEGER NOT NULL,
    CHECK (appointed_by <> login)
) STRICT;
CREATE INDEX officer_post_login ON officer_post (login, post_id);
CREATE INDEX officer_post_union ON officer_post (organisation_id, post_id);
CREATE UNIQUE INDEX officer_post_held ON officer_post (login, role, organisation_id)
    WHERE until IS NULL;

CREATE TABLE delegation (
    delegation_id INTEGER PRIMARY KEY,
    delegate      TEXT    NOT NULL,
    delegator     TEXT    NOT NULL,
    operations    TEXT    NOT NULL,               -- names, with a blank between
    since         INTEGER NOT NULL,
    until         INTEGER NOT NULL,
    made          INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    CHECK (delegate <> delegator)
) STRICT;
CREATE INDEX delegation_delegate ON delegation (delegate, delegator);
CREATE INDEX delegation_delegator ON delegation (delegator);

CREATE TRIGGER proposal_by_two_sides BEFORE UPDATE OF checker ON proposal
WHEN NEW.checker IS NOT NULL AND EXISTS (
    SELECT 1
    FROM (SELECT NEW.maker AS who
          UNION SELECT delegator FROM delegation
          WHERE delegate = NEW.maker AND until > NEW.made) m
    JOIN (SELECT NEW.checker AS who
          UNION SELECT delegator FROM delegation
          WHERE delegate = NEW.checker AND until > NEW.made) c ON c.who = m.who)
BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: proposal_by_two_sides'); END;

CREATE TRIGGER batch_by_two_sides BEFORE UPDATE OF approved_by ON batch
WHEN NEW.approved_by IS NOT NULL AND EXISTS (
    SELECT 1
    FROM (SELECT NEW.submitted_by AS who
          UNION SELECT delegator FROM delegation
          WHERE delegate = NEW.submitted_by AND until > NEW.created) m
    JOIN (SELECT NEW.approved_by AS who
          UNION SELECT delegator FROM delegation
          WHERE delegate = NEW.approved_by AND until > NEW.created) c ON c.who = m.who)
BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: batch_by_two_sides'); END;

CREATE TRIGGER custody_list_by_two_sides BEFORE UPDATE OF signed_by ON custody_list
WHEN NEW.signed_by IS NOT NULL AND EXISTS (
    SELECT 1
    FROM (SELECT NEW.made_by AS who
          UNION SELECT delegator FROM delegation
          WHERE delegate = NEW.made_by AND until > NEW.made_at) m
    JOIN (SELECT NEW.signed_by AS who
          UNION SELECT delegator FROM delegation
          WHERE delegate = NEW.signed_by AND until > NEW.made_at) c ON c.who = m.who)
BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: custody_list_by_two_sides'); END;

CREATE TRIGGER payout_by_two_sides BEFORE UPDATE OF approved_by ON payout
WHEN NEW.approved_by IS NOT NULL AND EXISTS (
    SELECT 1
    FROM (SELECT NEW.made_by AS who
          UNION SELECT delegator FROM delegation
          WHERE delegate = NEW.made_by AND until > NEW.made) m
    JOIN (SELECT NEW.approved_by AS who
          UNION SELECT delegator FROM delegation
          WHERE delegate = NEW.approved_by AND until > NEW.made) c ON c.who = m.who)
BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: payout_by_two_sides'); END;
