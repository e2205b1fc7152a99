-- Unions are few and are not sharded: a reference table on every node.

-- name: standing
SELECT path, state, kind FROM organisation WHERE organisation_id = :id

-- name: root
SELECT organisation_id FROM organisation WHERE kind = 'CITY'

-- name: get
SELECT o.organisation_id, o.code, o.name, o.kind, o.state, o.credit_code, o.reason,
       o.successor_id, o.version, p.parent_id, p.since, p.until
FROM organisation o LEFT JOIN organisation_place p ON p.organisation_id = o.organisation_id
WHERE o.organisation_id = :id AND o.path >= :low AND o.path < :high
ORDER BY p.number

-- name: by_code
SELECT o.organisation_id, o.code, o.name, o.kind, o.state, o.credit_code, o.reason,
       o.successor_id, o.version, p.parent_id, p.since, p.until
FROM organisation o LEFT JOIN organisation_place p ON p.organisation_id = o.organisation_id
WHERE o.code = :code AND o.path >= :low AND o.path < :high
ORDER BY p.number

-- name: children
SELECT o.organisation_id, o.code, o.name, o.kind, o.state, o.credit_code, o.reason,
       o.successor_id, o.version, p.parent_id, p.since, p.until
FROM organisation o LEFT JOIN organisation_place p ON p.organisation_id = o.organisation_id
WHERE o.parent_id = :id AND o.state NOT IN ('MERGED', 'DISSOLVED')
  AND o.path >= :low AND o.path < :high
ORDER BY o.code, p.number

-- name: all
SELECT o.organisation_id, o.code, o.name, o.kind, o.state, o.credit_code, o.reason,
       o.successor_id, o.version, p.parent_id, p.since, p.until
FROM organisation o LEFT JOIN organisation_place p ON p.organisation_id = o.organisation_id
WHERE o.path >= :low AND o.path < :high
ORDER BY o.path, p.number

-- name: add
-- A root's parent is NULL, and no union is 0: Citus inserts nothing where NULL is looked for.
INSERT INTO organisation (organisation_id, code, name, kind, state, parent_id, path, credit_code,
                          reason, successor_id, version)
SELECT :id, :code, :name, :kind, :state, CAST(:parent AS BIGINT),
       coalesce(max(p.path), '/') || CAST(CAST(:id AS BIGINT) AS TEXT) || '/',
       :credit_code, :reason, CAST(:successor AS BIGINT), CAST(:version AS BIGINT)
FROM organisation p WHERE p.organisation_id = coalesce(CAST(:parent AS BIGINT), 0)

-- name: put_place
INSERT INTO organisation_place (organisation_id, number, parent_id, since, until, recorded)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, number) DO UPDATE SET until = excluded.until

-- name: put
UPDATE organisation
SET name = :name, state = :state, parent_id = :parent, credit_code = :credit_code,
    reason = :reason, successor_id = :successor, version = version + 1
WHERE organisation_id = :id AND version = :version AND path >= :low AND path < :high

-- name: move
UPDATE organisation SET path = :new || substr(path, length(:old) + 1)
WHERE path >= :old AND path < :end

-- name: counts
SELECT kind, state, count(*) FROM organisation WHERE path >= :low AND path < :high
GROUP BY kind, state
