-- name: add
INSERT INTO wish (shard, wish_id, person_id, category, item, words, at, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (shard, person_id, item) WHERE item <> '' AND state = 'OPEN' DO NOTHING

-- name: get
SELECT wish_id, person_id, category, item, words, at, state
FROM wish WHERE shard = :shard AND wish_id = :id

-- name: of_person
SELECT wish_id, person_id, category, item, words, at, state
FROM wish WHERE shard = :shard AND person_id = :person ORDER BY wish_id

-- name: put
UPDATE wish SET state = :state WHERE shard = :shard AND wish_id = :id

-- name: counts
-- fanout: a sum over all members, by shelf and item
SELECT category, item, count(*) FROM wish WHERE state = 'OPEN'
GROUP BY category, item ORDER BY category, item

-- name: unlisted
-- fanout: what members of every shard ask for that is not on the menu
SELECT wish_id, person_id, category, item, words, at, state
FROM wish WHERE state = 'OPEN' AND category = :category AND item = ''
ORDER BY wish_id LIMIT :most
