-- name: of_person
SELECT affiliation_id, membership_id, person_id, organisation_id, since, until, recorded,
       superseded
FROM affiliation a
WHERE a.shard = :shard AND a.person_id = :person
  AND (a.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = a.shard AND m.person_id = a.person_id
    ORDER BY m.membership_id DESC LIMIT 1))
ORDER BY recorded, affiliation_id

-- name: anywhere
SELECT affiliation_id, membership_id, person_id, organisation_id, since, until, recorded,
       superseded
FROM affiliation WHERE shard = :shard AND person_id = :person
ORDER BY recorded, affiliation_id

-- name: add
INSERT INTO affiliation (shard, person_id, affiliation_id, membership_id, organisation_id, since,
                         until, recorded, superseded)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: retire
UPDATE affiliation SET superseded = ?
WHERE shard = ? AND person_id = ? AND affiliation_id = ? AND superseded IS NULL

-- name: open_of_union
-- fanout: the members of one union lie in all shards of a node
SELECT a.shard, a.person_id, a.affiliation_id, a.membership_id, a.since
FROM membership m JOIN affiliation a
  ON a.shard = m.shard AND a.person_id = m.person_id AND a.membership_id = m.membership_id
WHERE m.organisation_id = :organisation AND m.state IN ('ACTIVE', 'RETAINED')
  AND a.until IS NULL AND a.superseded IS NULL
ORDER BY a.shard, a.person_id
