-- name: hold
INSERT INTO claimed (shard, key, claim_id) VALUES (?, ?, ?)

-- name: free
DELETE FROM claimed WHERE shard = ? AND key = ? AND claim_id = ?

-- name: holder
-- fanout: the claim lies with its person, in the shard that its id names
WITH held AS MATERIALIZED (
    SELECT claim_id >> 53 AS home, claim_id FROM claimed WHERE shard = :shard AND key = :key
)
SELECT c.claim_id, c.keys, c.person_id, c.plan, c.enrolment_id, c.state, c.reason, c.fen,
       c.obligation_id, c.asked, c.changed, c.made_by, c.reviewer, c.confirmed_by, c.appealed,
       c.reminders, c.sealed, c.version
FROM held k JOIN claim c ON c.shard = k.home AND c.claim_id = k.claim_id

-- name: add
INSERT INTO claim (shard, claim_id, person_id, enrolment_id, plan, keys, state, reason, fen,
                   obligation_id, asked, changed, made_by, reviewer, confirmed_by, appealed,
                   reminders, sealed, version)
VALUES (:shard, :id, :person, :enrolment, :plan, :keys, :state, :reason, :fen, :obligation, :asked,
        :changed, :made_by, :reviewer, :confirmed_by, :appealed, :reminders, :sealed, 0)

-- name: get
SELECT claim_id, keys, person_id, plan, enrolment_id, state, reason, fen, obligation_id, asked,
       changed, made_by, reviewer, confirmed_by, appealed, reminders, sealed, version
FROM claim WHERE shard = :shard AND claim_id = :id

-- name: of_person
SELECT claim_id, keys, person_id, plan, enrolment_id, state, reason, fen, obligation_id, asked,
       changed, made_by, reviewer, confirmed_by, appealed, reminders, sealed, version
FROM claim WHERE shard = :shard AND person_id = :person ORDER BY claim_id

-- name: of_obligations
SELECT c.claim_id, c.keys, c.person_id, c.plan, c.enrolment_id, c.state, c.reason, c.fen,
       c.obligation_id, c.asked, c.changed, c.made_by, c.reviewer, c.confirmed_by, c.appealed,
       c.reminders, c.sealed, c.version
FROM EACH_ID(:obligations) o
JOIN claim c ON c.shard = o.value >> 53 AND c.obligation_id = o.value
ORDER BY c.claim_id

-- name: listed
-- fanout: the review body sees what waits for it, of people of every shard
SELECT claim_id, keys, person_id, plan, enrolment_id, state, reason, fen, obligation_id, asked,
       changed, made_by, reviewer, confirmed_by, appealed, reminders, sealed, version
FROM claim
WHERE state = ONE_OF(:states) AND claim_id > :after
ORDER BY claim_id LIMIT :most

-- name: due
-- fanout: the engine keeps the deadlines of claims of every shard
SELECT claim_id, keys, person_id, plan, enrolment_id, state, reason, fen, obligation_id, asked,
       changed, made_by, reviewer, confirmed_by, appealed, reminders, sealed, version
FROM claim WHERE state = :state AND changed <= :before AND reminders <= :reminders
ORDER BY changed, claim_id LIMIT :most

-- name: put
UPDATE claim
SET state = :state, reason = :reason, fen = :fen, obligation_id = :obligation, changed = :changed,
    reviewer = :reviewer, confirmed_by = :confirmed_by, appealed = :appealed,
    reminders = :reminders, sealed = :sealed, version = version + 1
WHERE shard = :shard AND claim_id = :id AND version = :version

-- name: over
-- fanout: the engine keeps the terms of claims of every shard
SELECT claim_id, person_id FROM claim
WHERE state IN ('CLOSED', 'WITHDRAWN') AND obligation_id IS NULL AND changed < :before
ORDER BY changed, claim_id LIMIT :most

-- name: end_file
DELETE FROM claim WHERE shard = ? AND claim_id = ?
