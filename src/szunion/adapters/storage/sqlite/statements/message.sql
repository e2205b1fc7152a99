-- name: alone
-- A transaction that writes is the only one that does.
SELECT 1
