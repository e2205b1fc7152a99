-- Officers are few and asked for by login before there is a scope: reference tables, not sharded.

-- name: posts
SELECT post_id, login, role, organisation_id, since, appointed_by, until, why, version
FROM officer_post WHERE login = :login ORDER BY post_id

-- name: organs
SELECT count(DISTINCT login) FROM officer_post
WHERE role = 'C' AND since <= :at AND (until IS NULL OR until > :at)

-- name: get
SELECT p.post_id, p.login, p.role, p.organisation_id, p.since, p.appointed_by, p.until, p.why,
       p.version
FROM officer_post p LEFT JOIN organisation o ON o.organisation_id = p.organisation_id
WHERE p.post_id = :id AND (:whole OR (o.path >= :low AND o.path < :high))

-- name: of_union
SELECT p.post_id, p.login, p.role, p.organisation_id, p.since, p.appointed_by, p.until, p.why,
       p.version
FROM officer_post p JOIN organisation o ON o.organisation_id = p.organisation_id
WHERE p.organisation_id = :union AND (:whole OR (o.path >= :low AND o.path < :high))
ORDER BY p.post_id

-- name: listed
SELECT post_id, login, role, organisation_id, since, appointed_by, until, why, version
FROM officer_post WHERE post_id > :after ORDER BY post_id LIMIT :most

-- name: add
INSERT INTO officer_post (post_id, login, role, organisation_id, since, appointed_by, until, why,
                          version)
VALUES (:id, :login, :role, :union, :since, :by, NULL, '', 0)

-- name: put
UPDATE officer_post SET until = :until, why = :why, version = version + 1
WHERE post_id = :id AND version = :version

-- name: end_of
UPDATE officer_post SET until = :at, why = :why, version = version + 1
WHERE organisation_id = :union AND until IS NULL

-- name: between
SELECT delegation_id, delegate, delegator, operations, since, until, made, version
FROM delegation WHERE delegate = :delegate AND delegator = :delegator ORDER BY delegation_id

-- name: delegations_of
SELECT delegation_id, delegate, delegator, operations, since, until, made, version
FROM delegation WHERE delegate = :login OR delegator = :login ORDER BY delegation_id

-- name: delegation
SELECT delegation_id, delegate, delegator, operations, since, until, made, version
FROM delegation WHERE delegation_id = :id

-- name: delegate
INSERT INTO delegation (delegation_id, delegate, delegator, operations, since, until, made, version)
VALUES (:id, :delegate, :delegator, :operations, :since, :until, :made, 0)

-- name: put_delegation
UPDATE delegation SET since = :since, until = :until, version = version + 1
WHERE delegation_id = :id AND version = :version

-- name: one_side
SELECT m.who
FROM (SELECT CAST(:maker AS TEXT) AS who
      UNION SELECT delegator FROM delegation WHERE delegate = :maker AND until > :made) m
JOIN (SELECT CAST(:checker AS TEXT) AS who
      UNION SELECT delegator FROM delegation WHERE delegate = :checker AND until > :made) c
  ON c.who = m.who
LIMIT 1
