-- name: add
INSERT INTO entitlement (shard, entitlement_id, person_id, programme, item, card_id, granted, since,
                         until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (shard, person_id, programme, item) DO NOTHING

-- name: of_people
SELECT e.entitlement_id, e.person_id, e.programme, e.item, e.card_id, e.granted, e.since, e.until
FROM json_each(:people) p
JOIN entitlement e ON e.shard = p.value >> 53 AND e.person_id = p.value
ORDER BY e.entitlement_id
