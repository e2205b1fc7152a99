-- name: settle
-- One writes at a time: a row has its place, and no gap before it, from the moment it is written.
SELECT 0 WHERE :most < 0

-- name: alone
-- A transaction that writes is the only one that does.
SELECT 1
