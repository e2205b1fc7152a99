-- name: alone
-- Held until the transaction ends. A lock of the table would ask for rights to change it.
SELECT CAST(pg_advisory_xact_lock(1398436174) AS TEXT)

-- name: settle
-- fanout: the sealer of a node numbers the rows of every shard of its node. Transactions that were
-- one after the other have ascending numbers; a row that is committed later is numbered later, so
-- none is passed over.
WITH next AS (
    SELECT shard, person_id, audit_id,
           row_number() OVER (ORDER BY xid, audit_id & 9007199254740991) AS number
    FROM audit WHERE place IS NULL
    ORDER BY xid, audit_id & 9007199254740991 LIMIT :most
)
UPDATE audit a SET place = (SELECT coalesce(max(place), 0) FROM audit) + next.number
FROM next
WHERE a.shard = next.shard AND a.person_id = next.person_id AND a.audit_id = next.audit_id

-- name: unsealed
-- fanout: the sealer of a node reads every shard of its node; what is sealed has its place
SELECT audit_id, person_id, at, actor, role, node, purpose, action, subject, before, after, reason,
       committed
FROM audit
WHERE place IS NULL OR place > coalesce((SELECT max(last) FROM audit_checkpoint), 0)
ORDER BY place NULLS LAST, xid, audit_id & 9007199254740991 LIMIT :most

-- name: tail
-- fanout: as unsealed
SELECT count(*), min(at) FROM (
    SELECT at FROM audit
    WHERE place IS NULL OR place > coalesce((SELECT max(last) FROM audit_checkpoint), 0)
    LIMIT :most
) t
