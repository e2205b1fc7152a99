-- name: patience
-- A chunk takes seconds, and several may stand before this one.
SET LOCAL lock_timeout = '120s'

-- name: queue
-- A lock takes no snapshot: what is read afterwards is what the import before has left. It hinders
-- nobody who only reads, or who keeps how far an import has come.
LOCK TABLE roster_import IN SHARE UPDATE EXCLUSIVE MODE
