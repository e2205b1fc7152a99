-- Portability: statements on member-keyed tables name their shard, or say `fanout:` and why.

-- name: add
INSERT INTO audit (shard, audit_id, person_id, at, actor, role, node, purpose, action, subject,
                   before, after, reason, committed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: of_person
SELECT audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after, reason,
       committed
FROM audit WHERE shard = :shard AND person_id = :person ORDER BY audit_id

-- name: unsealed
-- fanout: the sealer of a node reads every shard of its node, in commit order
SELECT audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after, reason,
       committed
FROM audit
WHERE place > coalesce((SELECT max(last) FROM audit_checkpoint), 0)
ORDER BY place LIMIT :most

-- name: settled
-- fanout: as unsealed
SELECT audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after, reason,
       committed
FROM audit
WHERE place > coalesce((SELECT max(last) FROM audit_checkpoint), 0)
ORDER BY place LIMIT :most

-- name: tail
-- fanout: as unsealed
SELECT count(*), min(at) FROM (
    SELECT at FROM audit
    WHERE place > coalesce((SELECT max(last) FROM audit_checkpoint), 0)
    ORDER BY place LIMIT :most
) t

-- name: last_of
-- fanout: as unsealed
SELECT max(place) FROM (
    SELECT place FROM audit
    WHERE place > coalesce((SELECT max(last) FROM audit_checkpoint), 0)
    ORDER BY place LIMIT :most
) t

-- name: tile
SELECT hashes FROM audit_tile WHERE level = :level AND number = :number

-- name: put_tile
INSERT INTO audit_tile (level, number, hashes) VALUES (?, ?, ?)
ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes

-- name: add_head
INSERT INTO audit_checkpoint (size, last, at, origin, edge, key_id, signature)
VALUES (:size, :last, :at, :origin, :edge, :key_id, :signature)

-- name: head
SELECT size, at, origin, edge, key_id, signature FROM audit_checkpoint ORDER BY size DESC LIMIT 1

-- name: heads
SELECT size, at, origin, edge, key_id, signature FROM audit_checkpoint
WHERE size > :after ORDER BY size LIMIT :most

-- name: covered
-- fanout: the verifier reads the whole log of a node, in the order of the tree
SELECT audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after, reason,
       committed
FROM audit
WHERE place > coalesce((SELECT max(last) FROM audit_checkpoint WHERE size < :size), 0)
  AND place <= (SELECT last FROM audit_checkpoint WHERE size = :size)
ORDER BY place

-- name: find
SELECT audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after, reason,
       committed
FROM audit WHERE shard = :shard AND audit_id = :entry

-- name: position
-- fanout: how many entries of the same checkpoint come before it, whatever their shard
SELECT c.size, c.last, (
    SELECT count(*) FROM audit b WHERE b.place > c.last AND b.place < a.place
)
FROM audit a
JOIN (SELECT 0 AS size, 0 AS last UNION ALL SELECT size, last FROM audit_checkpoint) c
  ON c.last < a.place
WHERE a.shard = :shard AND a.audit_id = :entry
  AND a.place <= (SELECT max(last) FROM audit_checkpoint)
ORDER BY c.last DESC LIMIT 1

-- name: add_cosignature
INSERT INTO audit_cosignature (size, witness, key_id, signature)
VALUES (:size, :witness, :key_id, :signature) ON CONFLICT (size, witness) DO NOTHING

-- name: cosignatures
SELECT witness, key_id, signature FROM audit_cosignature WHERE size = :size ORDER BY witness

-- name: seen_by
SELECT max(size) FROM audit_cosignature WHERE :witness IN (witness, '')

-- name: touched
-- fanout: what one account did lies in all shards of a node
SELECT place, audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after,
       reason, committed
FROM audit
WHERE place > :after AND actor = :actor AND at >= :since AND at < :until
ORDER BY place LIMIT :most

-- name: touched_lately
-- fanout: as touched; what was committed and has no place in the order yet
SELECT place, audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after,
       reason, committed
FROM audit
WHERE place IS NULL AND actor = :actor AND at >= :since AND at < :until
ORDER BY audit_id
