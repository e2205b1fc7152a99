-- Portability: statements on member-keyed tables name their shard, or say `fanout:` and why.

-- name: add
INSERT INTO audit (shard, audit_id, person_id, at, actor, role, node, purpose, action, subject,
                   before, after, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: of_person
SELECT audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after, reason
FROM audit WHERE shard = :shard AND person_id = :person ORDER BY audit_id

-- name: unsealed
-- fanout: the sealer of a node reads every shard of its node, in commit order
SELECT audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after, reason
FROM audit
WHERE place > coalesce((SELECT max(last) FROM audit_checkpoint), 0)
ORDER BY place LIMIT :most

-- name: places
-- fanout: as unsealed
SELECT place FROM audit
WHERE place > coalesce((SELECT max(last) FROM audit_checkpoint), 0)
ORDER BY place LIMIT :most

-- name: add_leaf
INSERT INTO audit_leaf (position, place, leaf) VALUES (?, ?, ?)

-- name: add_checkpoint
INSERT INTO audit_checkpoint (size, last, at, origin, edge, signer, signature)
VALUES (:size, :last, :at, :origin, :edge, :signer, :signature)

-- name: last_checkpoint
SELECT size, at, origin, edge, signer, signature FROM audit_checkpoint ORDER BY size DESC LIMIT 1

-- name: checkpoints
SELECT size, at, origin, edge, signer, signature FROM audit_checkpoint ORDER BY size

-- name: sealed
-- fanout: the verifier reads the whole log of a node, in the order of the tree
SELECT a.audit_id, a.person_id, a.at, a.actor, a.role, a.node, a.purpose, a.action, a.subject,
       a.before, a.after, a.reason
FROM audit_leaf l JOIN audit a ON a.place = l.place
WHERE l.position >= :start ORDER BY l.position
