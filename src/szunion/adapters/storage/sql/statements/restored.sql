-- From which backup a database was made. One row at most is not released.

-- name: open
SELECT backup, made, restored FROM restored WHERE released IS NULL

-- name: mark
INSERT INTO restored (backup, made, restored) VALUES (:backup, :made, :at)
ON CONFLICT (backup) DO UPDATE SET restored = excluded.restored, released = NULL

-- name: release
UPDATE restored SET released = :at, note = :note WHERE released IS NULL
