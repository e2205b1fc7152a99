-- name: add
INSERT INTO entitlement (shard, person_id, programme, item, key, card_id, since, until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (shard, person_id, programme, item) DO NOTHING

-- name: of_people
SELECT e.person_id, e.programme, e.item, e.key, e.card_id, e.since, e.until
FROM EACH_ID(:people) p
JOIN entitlement e ON e.shard = p.value >> 53 AND e.person_id = p.value
ORDER BY e.person_id, e.programme, e.item
