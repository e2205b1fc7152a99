-- name: patience
SELECT 1

-- name: queue
-- A transaction that writes is the only one that does.
SELECT 1

-- name: beside
SELECT 1
