-- name: grant
INSERT INTO granted (shard, key, obligation_id) VALUES (:shard, :key, :id)
ON CONFLICT (shard, key) DO NOTHING

-- name: add
INSERT INTO obligation (shard, obligation_id, key, person_id, item, year, fen, settled, in_flight,
                        decided, decided_by, version)
VALUES (:shard, :id, :key, :person, :item, :year, :fen, :settled, :in_flight,
        :decided, :decided_by, 0)

-- name: get
SELECT obligation_id, key, person_id, item, year, fen, settled, in_flight, decided, decided_by,
       version
FROM obligation WHERE shard = :shard AND obligation_id = :id

-- name: of_key
-- fanout: the obligation lies with its person, in the shard that its id names
WITH known AS MATERIALIZED (
    SELECT obligation_id >> 53 AS home, obligation_id
    FROM granted WHERE shard = :shard AND key = :key
)
SELECT o.obligation_id, o.key, o.person_id, o.item, o.year, o.fen, o.settled, o.in_flight,
       o.decided, o.decided_by, o.version
FROM known k
JOIN obligation o ON o.shard = k.home AND o.obligation_id = k.obligation_id

-- name: of_person
SELECT obligation_id, key, person_id, item, year, fen, settled, in_flight, decided, decided_by,
       version
FROM obligation WHERE shard = :shard AND person_id = :person ORDER BY obligation_id

-- name: unpaid
-- fanout: a pay-out gathers what is owed to people of every shard
SELECT obligation_id, key, person_id, item, year, fen, settled, in_flight, decided, decided_by,
       version
FROM obligation
WHERE item = :item AND year = :year AND settled + in_flight < fen AND obligation_id > :after
ORDER BY obligation_id LIMIT :most

-- name: move
UPDATE obligation
SET settled = settled + ?, in_flight = in_flight + ?, version = version + 1
WHERE shard = ? AND obligation_id = ?
