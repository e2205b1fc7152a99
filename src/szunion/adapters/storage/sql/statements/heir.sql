-- name: put
INSERT INTO heir (shard, person_id, heir_id, document, named, named_by, confirmed_by, since)
VALUES (:shard, :person, :heir, :document, :named, :named_by, :confirmed_by, :since)
ON CONFLICT (shard, person_id) DO UPDATE
SET heir_id = excluded.heir_id, document = excluded.document, named = excluded.named,
    named_by = excluded.named_by, confirmed_by = excluded.confirmed_by, since = excluded.since

-- name: of_people
SELECT h.person_id, h.heir_id, h.document, h.named, h.named_by, h.confirmed_by, h.since
FROM EACH_ID(:people) p JOIN heir h ON h.shard = p.value >> 53 AND h.person_id = p.value
ORDER BY h.person_id
