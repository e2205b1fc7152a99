-- name: patience
-- A chunk takes seconds, and several may stand before this one.
SET LOCAL lock_timeout = '120s'

-- name: queue
-- A lock takes no snapshot: what is read afterwards is what the imports before have left. It
-- hinders nobody who only reads.
LOCK TABLE roster_import IN SHARE ROW EXCLUSIVE MODE

-- name: beside
-- Many have this one at a time; whoever has a turn waits for all of them, and they for that one.
LOCK TABLE roster_import IN ROW EXCLUSIVE MODE

-- name: on_file
-- fanout: as the shared one. A connection plans its first few with the columns at hand, and would
-- read all documents of the city, once, to join them with a large chunk: a value that is looked up
-- for each row is met by its key.
WITH found AS MATERIALIZED (
    SELECT wanted.place,
           (SELECT d.person_id FROM person_document d
            WHERE d.shard = wanted.shard AND d.blind = wanted.blind AND d.rank = 0) AS person_id
    FROM CHUNK(shard SHARD, blind KEY) wanted
)
SELECT place, person_id FROM found WHERE person_id IS NOT NULL
