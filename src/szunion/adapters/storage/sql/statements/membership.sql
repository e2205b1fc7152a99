-- name: open_of
SELECT m.person_id, m.membership_id, m.state, m.organisation_id, m.applied, m.since, m.until,
       m.reason, m.survivor_id, m.version
FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE m.shard = :shard AND m.person_id = :person AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND (m.person_id = :only OR o.path >= :low AND o.path < :high)

-- name: open_anywhere
SELECT m.person_id, m.membership_id, m.state, m.organisation_id, m.applied, m.since, m.until,
       m.reason, m.survivor_id, m.version
FROM membership m
WHERE m.shard = :shard AND m.person_id = :person AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')

-- name: open_of_many
-- fanout: the caller's list of people may lie in many shards; each is met by its key
SELECT m.person_id, m.membership_id, m.state, m.organisation_id, m.applied, m.since, m.until,
       m.reason, m.survivor_id, m.version
FROM EACH_ID(:persons) wanted
JOIN membership m ON m.shard = wanted.value >> 53 AND m.person_id = wanted.value
JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND (m.person_id = :only OR o.path >= :low AND o.path < :high)
ORDER BY m.person_id

-- name: episodes
SELECT m.person_id, m.membership_id, m.state, m.organisation_id, m.applied, m.since, m.until,
       m.reason, m.survivor_id, m.version
FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE m.shard = :shard AND m.person_id = :person
  AND (m.person_id = :only OR o.path >= :low AND o.path < :high)
ORDER BY m.membership_id

-- name: add
INSERT INTO membership (shard, person_id, membership_id, state, organisation_id, applied, since,
                        until, reason, survivor_id, version, holds_from, recorded)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: keep_past
INSERT INTO membership_past (shard, person_id, membership_id, version, state, organisation_id,
                             applied, since, until, reason, survivor_id, holds_from, recorded)
SELECT shard, person_id, membership_id, version, state, organisation_id, applied, since, until,
       reason, survivor_id, holds_from, recorded
FROM membership
WHERE shard = :shard AND person_id = :person AND membership_id = :id AND version = :version

-- name: put
UPDATE membership
SET state = :state, organisation_id = :organisation, since = :since, until = :until,
    reason = :reason, survivor_id = :survivor, holds_from = :holds_from, recorded = :recorded,
    version = version + 1
WHERE shard = :shard AND person_id = :person AND membership_id = :id AND version = :version

-- name: versions
SELECT m.person_id, m.membership_id, m.state, m.organisation_id, m.applied, m.since, m.until,
       m.reason, m.survivor_id, m.version, m.holds_from, m.recorded
FROM (
    SELECT person_id, membership_id, state, organisation_id, applied, since, until, reason,
           survivor_id, version, holds_from, recorded
    FROM membership WHERE shard = :shard AND person_id = :person
    UNION ALL
    SELECT person_id, membership_id, state, organisation_id, applied, since, until, reason,
           survivor_id, version, holds_from, recorded
    FROM membership_past WHERE shard = :shard AND person_id = :person
) m
-- The file is asked for because a net below shows it to whom the newest membership belongs, and may
-- show an older one to its own union.
WHERE EXISTS (SELECT 1 FROM person p WHERE p.shard = :shard AND p.person_id = :person)
  AND (m.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership newest JOIN organisation o ON o.organisation_id = newest.organisation_id
    WHERE newest.shard = :shard AND newest.person_id = :person
    ORDER BY newest.membership_id DESC LIMIT 1))
ORDER BY m.recorded, m.membership_id, m.version

-- name: of_union
-- fanout: the members of one union lie in all shards of a node
SELECT m.person_id, m.membership_id, m.state, m.organisation_id, m.applied, m.since, m.until,
       m.reason, m.survivor_id, m.version
FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE m.organisation_id = :organisation
  AND m.state = ONE_OF(:states)
  AND o.path >= :low AND o.path < :high
ORDER BY m.person_id

-- name: counts
-- fanout: statistics count every shard of a node
SELECT o.kind, m.state, m.reason, count(*)
FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE o.path >= :low AND o.path < :high
GROUP BY o.kind, m.state, m.reason

-- name: keep_past_of_union
-- fanout: as of_union
INSERT INTO membership_past (shard, person_id, membership_id, version, state, organisation_id,
                             applied, since, until, reason, survivor_id, holds_from, recorded)
SELECT shard, person_id, membership_id, version, state, organisation_id, applied, since, until,
       reason, survivor_id, holds_from, recorded
FROM membership
WHERE organisation_id = :organisation AND state IN ('APPLIED', 'ACTIVE', 'RETAINED')

-- name: move_union
-- fanout: as of_union
UPDATE membership
SET organisation_id = :target, holds_from = :holds_from, recorded = :recorded,
    version = version + 1
WHERE organisation_id = :organisation AND state IN ('APPLIED', 'ACTIVE', 'RETAINED')

-- name: on_day
-- fanout: who belonged to one union lies in all shards of a node
WITH a AS (
    SELECT x.shard, x.person_id, x.membership_id, x.since
    FROM affiliation x
    WHERE x.organisation_id = :organisation AND x.person_id > :after
      AND x.recorded <= :known AND (x.superseded IS NULL OR x.superseded > :known)
      AND x.since <= :day AND (x.until IS NULL OR x.until > :day)
      AND (x.person_id = :only OR (
        SELECT o.path >= :low AND o.path < :high
        FROM membership n JOIN organisation o ON o.organisation_id = n.organisation_id
        WHERE n.shard = x.shard AND n.person_id = x.person_id
        ORDER BY n.membership_id DESC LIMIT 1))
    ORDER BY x.person_id LIMIT :most
)
SELECT a.person_id, a.membership_id, a.since, m.recorded, m.version, m.state, m.reason
FROM a JOIN membership m
  ON m.shard = a.shard AND m.person_id = a.person_id AND m.membership_id = a.membership_id
WHERE m.recorded <= :known AND m.holds_from <= :day
UNION ALL
SELECT a.person_id, a.membership_id, a.since, p.recorded, p.version, p.state, p.reason
FROM a JOIN membership_past p
  ON p.shard = a.shard AND p.person_id = a.person_id AND p.membership_id = a.membership_id
WHERE p.recorded <= :known AND p.holds_from <= :day
ORDER BY 1, 4, 5
