-- name: alone
-- Held until the transaction ends; who waits for it sees what was leased, and leases the next.
SELECT CAST(pg_advisory_xact_lock(1398429004) AS TEXT)
