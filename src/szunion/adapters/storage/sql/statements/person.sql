-- Somebody is within a scope by the path of the union in charge of the newest membership.

-- name: get
SELECT p.shard, p.person_id, p.sealed, s.salt, p.merged_into, p.version
FROM person p JOIN person_salt s ON s.shard = p.shard AND s.person_id = p.person_id
WHERE p.shard = :shard AND p.person_id = :person
  AND (:whole OR p.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = p.shard AND m.person_id = p.person_id
    ORDER BY m.membership_id DESC LIMIT 1))

-- name: many
-- fanout: the caller's list of people may lie in many shards; each is met by its key
SELECT p.shard, p.person_id, p.sealed, s.salt, p.merged_into, p.version
FROM EACH_ID(:persons) wanted
JOIN person p ON p.shard = wanted.value >> 53 AND p.person_id = wanted.value
JOIN person_salt s ON s.shard = p.shard AND s.person_id = p.person_id
WHERE :whole OR p.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = p.shard AND m.person_id = p.person_id
    ORDER BY m.membership_id DESC LIMIT 1)
ORDER BY p.person_id

-- name: sealed
-- fanout: as many; in any order
SELECT p.person_id, p.sealed, s.salt
FROM EACH_ID(:persons) wanted
JOIN person p ON p.shard = wanted.value >> 53 AND p.person_id = wanted.value
JOIN person_salt s ON s.shard = p.shard AND s.person_id = p.person_id
WHERE p.sealed IS NOT NULL AND (:whole OR p.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = p.shard AND m.person_id = p.person_id
    ORDER BY m.membership_id DESC LIMIT 1))

-- name: by_document
-- fanout: what is looked for lies in a shard of its own; the person's id names theirs
WITH filed AS MATERIALIZED (
    SELECT person_id >> 53 AS home, person_id, rank
    FROM person_document WHERE shard = :shard AND blind = :blind
)
SELECT p.person_id FROM filed d
JOIN person p ON p.shard = d.home AND p.person_id = d.person_id
WHERE :whole OR p.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = p.shard AND m.person_id = p.person_id
    ORDER BY m.membership_id DESC LIMIT 1)
ORDER BY d.rank LIMIT 1

-- name: with_document
-- fanout: what is looked for lies in a shard of its own; the person's id names theirs
-- The file, and after it the newest membership of whose it is.
WITH filed AS MATERIALIZED (
    SELECT person_id >> 53 AS home, person_id, rank
    FROM person_document WHERE shard = :shard AND blind = :blind
)
SELECT p.shard, p.person_id, p.sealed, s.salt, p.merged_into, p.version,
       m.person_id, m.membership_id, m.state, m.organisation_id, m.applied, m.since, m.until,
       m.reason, m.survivor_id, m.version
FROM filed d
JOIN person p ON p.shard = d.home AND p.person_id = d.person_id
LEFT JOIN person_salt s ON s.shard = p.shard AND s.person_id = p.person_id
LEFT JOIN membership m ON m.shard = p.shard AND m.person_id = p.person_id AND m.membership_id = (
    SELECT max(n.membership_id) FROM membership n
    WHERE n.shard = p.shard AND n.person_id = p.person_id)
LEFT JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE :whole OR p.person_id = :only OR (o.path >= :low AND o.path < :high)
ORDER BY d.rank LIMIT 1

-- name: on_file
-- fanout: a later document lies in a shard of its own; the person's id names theirs
WITH filed AS MATERIALIZED (
    SELECT person_id >> 53 AS home, person_id
    FROM person_document WHERE shard = :shard AND blind = :blind AND rank = 0
)
SELECT p.shard, p.person_id, p.sealed, s.salt, p.merged_into, p.version
FROM filed d
JOIN person p ON p.shard = d.home AND p.person_id = d.person_id
JOIN person_salt s ON s.shard = p.shard AND s.person_id = p.person_id

-- name: add_in_quarantine
INSERT INTO quarantine (shard, person_id, on_file, organisation_id, import_id, line, recorded,
                        resolved)
VALUES (?, ?, ?, ?, ?, ?, ?, NULL)

-- name: quarantined
-- fanout: the city looks at every shard of a node
SELECT person_id, on_file, organisation_id, import_id, line, recorded
FROM quarantine WHERE resolved IS NULL AND :whole ORDER BY recorded, person_id

-- name: resolve_quarantine
UPDATE quarantine SET resolved = :at
WHERE shard = :shard AND person_id = :person AND resolved IS NULL

-- name: by_mobile
-- fanout: what is looked for lies in a shard of its own; the person's id names theirs
WITH filed AS MATERIALIZED (
    SELECT person_id >> 53 AS home, person_id
    FROM person_mobile WHERE shard = :shard AND blind = :blind
)
SELECT p.person_id FROM filed d
JOIN person p ON p.shard = d.home AND p.person_id = d.person_id
WHERE :whole OR p.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = p.shard AND m.person_id = p.person_id
    ORDER BY m.membership_id DESC LIMIT 1)
ORDER BY p.person_id

-- name: documents_in_order
-- fanout: the city compares every document of a node with those of another
SELECT shard, blind, person_id FROM person_document
WHERE (shard, blind) > (:shard, :blind) AND rank = 0 AND :whole
ORDER BY shard, blind LIMIT :most

-- name: mobiles_in_order
-- fanout: the city compares every mobile of a node with those of another
SELECT shard, blind, person_id FROM person_mobile
WHERE (shard, blind, person_id) > (:shard, :blind, :person) AND :whole
ORDER BY shard, blind, person_id LIMIT :most

-- name: add
INSERT INTO person (shard, person_id, sealed, merged_into, version) VALUES (?, ?, ?, ?, ?)

-- name: add_salt
INSERT INTO person_salt (shard, person_id, salt) VALUES (?, ?, ?)

-- name: add_document
INSERT INTO person_document (shard, blind, rank, person_id) VALUES (?, ?, ?, ?)

-- name: keep_document
INSERT INTO person_document (shard, blind, rank, person_id)
VALUES (:shard, :blind, 0, :person)
ON CONFLICT (shard, blind, rank) DO UPDATE SET person_id = excluded.person_id
WHERE person_document.person_id = excluded.person_id

-- name: stand_for
INSERT INTO person_document (shard, blind, rank, person_id)
VALUES (:shard, :blind, 0, :person)
ON CONFLICT (shard, blind, rank) DO NOTHING

-- name: stand_aside
DELETE FROM person_document
WHERE shard = :shard AND blind = :blind AND rank = 0 AND person_id = :person

-- name: inherit_document
-- fanout: who was merged into somebody may lie in any shard
UPDATE person_document SET person_id = :person
WHERE shard = :shard AND blind = :blind AND rank = 0 AND person_id IN (
    SELECT person_id FROM person WHERE merged_into = :person)

-- name: next_rank
SELECT coalesce(max(rank) + 1, 0) FROM person_document WHERE shard = :shard AND blind = :blind

-- name: add_mobile
INSERT INTO person_mobile (shard, blind, person_id) VALUES (?, ?, ?)
ON CONFLICT (shard, blind, person_id) DO NOTHING

-- name: drop_mobile
DELETE FROM person_mobile WHERE shard = :shard AND blind = :blind AND person_id = :person

-- name: merged
-- fanout: who was merged into a person may have been filed in any shard
SELECT person_id FROM person WHERE merged_into = :person ORDER BY person_id

-- name: drop_salt
DELETE FROM person_salt WHERE shard = :shard AND person_id = :person

-- name: drop_sealed
UPDATE person SET sealed = NULL, version = version + 1
WHERE shard = :shard AND person_id = :person

-- name: drop_document
DELETE FROM person_document WHERE shard = :shard AND blind = :blind AND person_id = :person

-- name: move_up
UPDATE person_document SET rank = 0
WHERE shard = :shard AND blind = :blind AND rank = (
    SELECT min(next.rank) FROM person_document next
    WHERE next.shard = :shard AND next.blind = :blind)

-- name: add_tombstone
INSERT INTO person_tombstone (shard, person_id, stone, erased) VALUES (?, ?, ?, ?)

-- name: tombstones_in
-- fanout: the documents of many people lie in many shards; each is met by its key
SELECT t.shard, t.stone, t.person_id
FROM EACH_ID(:shards) wanted
JOIN person_tombstone t ON t.shard = wanted.value
ORDER BY t.erased, t.person_id

-- name: tombstones
SELECT stone, person_id FROM person_tombstone WHERE shard = :shard ORDER BY erased, person_id

-- name: row
SELECT p.shard, p.person_id, p.sealed, s.salt, p.merged_into, p.version
FROM person p JOIN person_salt s ON s.shard = p.shard AND s.person_id = p.person_id
WHERE p.shard = :shard AND p.person_id = :person

-- name: put
UPDATE person SET sealed = :sealed, merged_into = :merged_into, version = version + 1
WHERE shard = :shard AND person_id = :person AND version = :version
