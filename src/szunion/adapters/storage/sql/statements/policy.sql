-- name: versions
SELECT number, holds_from, recorded, body FROM policy_version ORDER BY number

-- name: add
INSERT INTO policy_version (number, holds_from, recorded, digest, body) VALUES (?, ?, ?, ?, ?)
