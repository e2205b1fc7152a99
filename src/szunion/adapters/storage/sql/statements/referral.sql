-- A matter is within a scope by the path of the union that answers, or as the person's own. Lists
-- leave what was said where it is: sealed.

-- name: add
INSERT INTO referral (shard, referral_id, ticket_id, person_id, organisation_id, topic, made, clerk,
                      handler, due, watch, raised_id, breaches, late, bounces, calls, state, sealed,
                      changed, version)
VALUES (:shard, :id, :ticket, :person, :union, :topic, :made, :clerk, :handler, :due, :watch,
        :raised, :breaches, :late, :bounces, :calls, :state, :sealed, :changed, 0)

-- name: get
SELECT r.referral_id, r.ticket_id, r.person_id, r.organisation_id, r.topic, r.made, r.clerk,
       r.handler, r.due, r.watch, r.raised_id, r.breaches, r.late, r.bounces, r.calls, r.state,
       r.changed, r.version, r.sealed
FROM referral r
WHERE r.shard = :shard AND r.referral_id = :id
  AND (r.person_id = :only OR EXISTS (
    SELECT 1 FROM organisation o WHERE o.organisation_id = r.organisation_id
      AND o.path >= :low AND o.path < :high))

-- name: of_person
SELECT r.referral_id, r.ticket_id, r.person_id, r.organisation_id, r.topic, r.made, r.clerk,
       r.handler, r.due, r.watch, r.raised_id, r.breaches, r.late, r.bounces, r.calls, r.state,
       r.changed, r.version, r.sealed
FROM referral r
WHERE r.shard = :shard AND r.person_id = :person ORDER BY r.referral_id

-- name: listed
-- fanout: what waits for a union is of members of every shard
SELECT r.referral_id, r.ticket_id, r.person_id, r.organisation_id, r.topic, r.made, r.clerk,
       r.handler, r.due, r.watch, r.raised_id, r.breaches, r.late, r.bounces, r.calls, r.state,
       r.changed, r.version
FROM organisation o JOIN referral r ON r.organisation_id = o.organisation_id
WHERE o.path >= :low AND o.path < :high
  AND r.state = ONE_OF(:states) AND r.breaches >= :breaches
ORDER BY r.due, r.referral_id LIMIT :most

-- name: due
-- fanout: the engine keeps the deadlines of matters of every shard
SELECT r.referral_id, r.ticket_id, r.person_id, r.organisation_id, r.topic, r.made, r.clerk,
       r.handler, r.due, r.watch, r.raised_id, r.breaches, r.late, r.bounces, r.calls, r.state,
       r.changed, r.version
FROM referral r
WHERE r.watch < :today ORDER BY r.watch, r.referral_id LIMIT :most

-- name: open_at
-- fanout: what waits for a union is of members of every shard
SELECT referral_id, person_id FROM referral
WHERE organisation_id = :source AND state NOT IN ('CLOSED', 'MERGED', 'FORWARDED', 'WITHDRAWN')
ORDER BY referral_id

-- name: move_open
-- fanout: what waits for a union is of members of every shard
UPDATE referral SET organisation_id = :target, version = version + 1
WHERE organisation_id = :source AND state NOT IN ('CLOSED', 'MERGED', 'FORWARDED', 'WITHDRAWN')

-- name: over
-- fanout: the engine keeps the terms of matters of every shard
SELECT referral_id, person_id FROM referral
WHERE state IN ('CLOSED', 'MERGED', 'FORWARDED', 'WITHDRAWN') AND changed < :before
ORDER BY changed, referral_id LIMIT :most

-- name: end_file
DELETE FROM referral WHERE shard = ? AND referral_id = ?

-- name: put
UPDATE referral
SET organisation_id = :union, clerk = :clerk, handler = :handler, due = :due, watch = :watch,
    raised_id = :raised, breaches = :breaches, late = :late, bounces = :bounces, calls = :calls,
    state = :state, sealed = :sealed, changed = :changed, version = version + 1
WHERE shard = :shard AND referral_id = :id AND version = :version

-- name: note_breach
UPDATE referral
SET watch = :watch, raised_id = :raised, breaches = :breaches, late = :late, changed = :changed,
    version = version + 1
WHERE shard = :shard AND referral_id = :id AND version = :version
