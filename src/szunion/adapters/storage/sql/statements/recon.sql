-- name: find
SELECT run_id, kind, day, digest, at, ours, theirs, agreed, closed
FROM recon_run WHERE kind = :kind AND day = :day AND digest = :digest

-- name: get
SELECT run_id, kind, day, digest, at, ours, theirs, agreed, closed
FROM recon_run WHERE run_id = :id

-- name: last
SELECT run_id, kind, day, digest, at, ours, theirs, agreed, closed
FROM recon_run WHERE kind = :kind ORDER BY run_id DESC LIMIT 1

-- name: last_of_day
SELECT run_id, kind, day, digest, at, ours, theirs, agreed, closed
FROM recon_run WHERE kind = :kind AND day = :day ORDER BY run_id DESC LIMIT 1

-- name: add
INSERT INTO recon_run (run_id, kind, day, digest, at, ours, theirs, agreed, closed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: add_difference
INSERT INTO recon_difference (difference_id, run_id, kind, subject, name, ours, theirs, state,
                              closed_by, closed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: differences
SELECT difference_id, run_id, kind, subject, name, ours, theirs, state, closed_by, closed_at
FROM recon_difference WHERE run_id = :run ORDER BY difference_id

-- name: open
SELECT difference_id, run_id, kind, subject, name, ours, theirs, state, closed_by, closed_at
FROM recon_difference
WHERE state = 'OPEN' AND (:kinds = '[]' OR kind = ONE_OF(:kinds))
ORDER BY difference_id

-- name: close
UPDATE recon_difference SET state = :state, closed_by = :closed_by, closed_at = :closed_at
WHERE difference_id = :id AND state = 'OPEN'

-- name: first_found
SELECT r.at FROM recon_difference d JOIN recon_run r ON r.run_id = d.run_id
WHERE d.difference_id = :id

-- name: was_closed
SELECT 1 FROM recon_difference
WHERE kind = :kind AND name = :name AND state = 'CLOSED' AND closed_by <> 'RECONCILED' LIMIT 1
