-- Disclosures are the officers', not the members': a reference table, not sharded.

-- name: count
INSERT INTO disclosure_count (actor, day, kind, counted)
VALUES (:actor, :day, :kind, :rows)
ON CONFLICT (actor, day, kind) DO UPDATE SET counted = disclosure_count.counted + excluded.counted
WHERE disclosure_count.counted + excluded.counted <= :most

-- name: counted
SELECT counted FROM disclosure_count WHERE actor = :actor AND day = :day AND kind = :kind

-- name: add
INSERT INTO disclosure (disclosure_id, kind, actor, role, node, purpose, day, at, counted,
                        person_id, what, reason)
VALUES (:id, :kind, :actor, :role, :node, :purpose, :day, :at, :rows, :person, :what, :reason)

-- name: listed
SELECT disclosure_id, kind, actor, role, node, purpose, day, at, counted, person_id, what, reason
FROM disclosure WHERE kind = :kind AND disclosure_id > :after ORDER BY disclosure_id LIMIT :most

-- name: older
SELECT count(*) FROM (SELECT 1 AS one FROM disclosure WHERE day < :day LIMIT :most) d

-- name: end_older
DELETE FROM disclosure WHERE disclosure_id IN (
    SELECT disclosure_id FROM disclosure WHERE day < :day ORDER BY day, disclosure_id LIMIT :most)

-- name: end_counts
DELETE FROM disclosure_count WHERE day < :day
