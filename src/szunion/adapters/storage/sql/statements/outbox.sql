-- name: add
INSERT INTO outbox (shard, dispatch_id, kind, key, digest, subject, aggregate, sequence, created,
                    due, state, attempts, faults, sent, lease_until, worker, outcome, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)

-- name: add_name
INSERT INTO bank_name (kind, name, at_shard, id) VALUES ('DISPATCH', ?, ?, ?)

-- name: next_sequence
SELECT coalesce(max(sequence), 0) + 1 FROM outbox WHERE shard = :shard AND aggregate = :aggregate

-- name: take
-- fanout: a worker of a node serves every shard of its node. What is free is found once, and apart:
-- a join might look for it again for each row, and what is locked by then is passed over.
WITH t AS (SELECT shard AS at, dispatch_id AS id FROM outbox o
           WHERE state = 'QUEUED' AND due <= :now AND (lease_until IS NULL OR lease_until <= :now)
             AND NOT EXISTS (SELECT 1 FROM outbox p
                             WHERE p.shard = o.shard AND p.aggregate = o.aggregate
                               AND p.sequence < o.sequence
                               AND p.state IN ('QUEUED', 'SENT', 'UNKNOWN', 'ASIDE'))
           ORDER BY due, dispatch_id LIMIT :most SKIP_LOCKED)
UPDATE outbox SET lease_until = :until, worker = :worker, version = version + 1
FROM t WHERE shard = t.at AND dispatch_id = t.id
RETURNING dispatch_id, kind, key, digest, subject, aggregate, sequence, created, due, state, attempts,
          faults, sent, lease_until, worker, outcome, version

-- name: take_unknown
-- fanout: as take
WITH t AS (SELECT shard AS at, dispatch_id AS id FROM outbox
           WHERE state = 'UNKNOWN' AND due <= :now AND (lease_until IS NULL OR lease_until <= :now)
           ORDER BY due, dispatch_id LIMIT :most SKIP_LOCKED)
UPDATE outbox SET lease_until = :until, worker = :worker, version = version + 1
FROM t WHERE shard = t.at AND dispatch_id = t.id
RETURNING dispatch_id, kind, key, digest, subject, aggregate, sequence, created, due, state, attempts,
          faults, sent, lease_until, worker, outcome, version

-- name: lost
-- fanout: as take
SELECT dispatch_id, kind, key, digest, subject, aggregate, sequence, created, due, state, attempts,
       faults, sent, lease_until, worker, outcome, version
FROM outbox
WHERE state = 'SENT' AND lease_until <= :now
ORDER BY due, dispatch_id LIMIT :most

-- name: get
SELECT dispatch_id, kind, key, digest, subject, aggregate, sequence, created, due, state, attempts,
       faults, sent, lease_until, worker, outcome, version
FROM outbox WHERE shard = :shard AND dispatch_id = :id

-- name: many
SELECT dispatch_id, kind, outbox.key, digest, subject, aggregate, sequence, created, due, state, attempts,
       faults, sent, lease_until, worker, outcome, version
FROM EACH_ID(:ids) i JOIN outbox ON outbox.shard = i.value >> 53 AND dispatch_id = i.value

-- name: place_of_key
SELECT id FROM bank_name WHERE kind = 'DISPATCH' AND name = :key

-- name: of
SELECT dispatch_id, kind, key, digest, subject, aggregate, sequence, created, due, state, attempts,
       faults, sent, lease_until, worker, outcome, version
FROM outbox WHERE shard = :shard AND aggregate = :aggregate ORDER BY sequence

-- name: put
UPDATE outbox
SET digest = :digest, due = :due, state = :state, attempts = :attempts, faults = :faults, sent = :sent,
    lease_until = :lease_until, worker = :worker, outcome = :outcome, version = :version + 1
WHERE shard = :shard AND dispatch_id = :id AND version = :version

-- name: listed
-- fanout: the operator's list of a node
SELECT dispatch_id, kind, key, digest, subject, aggregate, sequence, created, due, state, attempts,
       faults, sent, lease_until, worker, outcome, version
FROM outbox
WHERE state = ONE_OF(:states) AND dispatch_id > :after
ORDER BY dispatch_id LIMIT :most

-- name: next_due
-- fanout: as take
SELECT min(CASE WHEN state = 'SENT' OR lease_until > due THEN lease_until ELSE due END)
FROM outbox o
WHERE state IN ('SENT', 'UNKNOWN')
   OR (state = 'QUEUED'
       AND NOT EXISTS (SELECT 1 FROM outbox p
                       WHERE p.shard = o.shard AND p.aggregate = o.aggregate
                         AND p.sequence < o.sequence
                         AND p.state IN ('QUEUED', 'SENT', 'UNKNOWN', 'ASIDE')))
