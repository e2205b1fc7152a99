-- name: add
INSERT INTO participation (shard, participation_id, key, person_id, item, category, occasion, at,
                           recorded, means, outcome, card_id, organisation_id, author, corrects,
                           reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (shard, key) DO NOTHING

-- name: get
SELECT participation_id, key, person_id, item, category, occasion, at, recorded, means, outcome,
       card_id, organisation_id, author, corrects, reason
FROM participation WHERE shard = :shard AND participation_id = :id

-- name: of_person
SELECT participation_id, key, person_id, item, category, occasion, at, recorded, means, outcome,
       card_id, organisation_id, author, corrects, reason
FROM participation WHERE shard = :shard AND person_id = :person ORDER BY at, participation_id

-- name: rate
INSERT INTO rating (shard, participation_id, person_id, item, stars, at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (shard, participation_id) DO UPDATE SET stars = excluded.stars, at = excluded.at

-- name: ratings
-- fanout: a sum over all members, by item
SELECT item, count(*), CAST(sum(stars) AS BIGINT) FROM rating GROUP BY item ORDER BY item

-- name: by_key
SELECT participation_id, key, person_id, item, category, occasion, at, recorded, means, outcome,
       card_id, organisation_id, author, corrects, reason
FROM participation WHERE shard = :shard AND key = :key

-- name: used
-- fanout: a sum over all members, by item; a record that another corrects does not count
SELECT p.item, p.outcome, count(*)
FROM participation p
WHERE NOT EXISTS (SELECT 1 FROM participation c
                  WHERE c.shard = p.shard AND c.person_id = p.person_id
                    AND c.corrects = p.participation_id)
GROUP BY p.item, p.outcome ORDER BY p.item, p.outcome
