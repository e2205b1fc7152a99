-- A sign-up is within a scope by the path of its union; a place on its list by the same path, or as
-- the person's own.

-- name: add
INSERT INTO joining (joining_id, organisation_id, item, first_day, last_day, session, place, number,
                     asked, asked_by, decided_by, state, reason, came, changed, version)
VALUES (:id, :union, :item, :first, :last, :session, :place, :number, :asked, :asked_by, :decided_by,
        :state, :reason, :came, :changed, 0)

-- name: get
SELECT j.joining_id, j.organisation_id, j.item, j.first_day, j.last_day, j.session, j.place, j.number,
       j.asked, j.asked_by, j.decided_by, j.state, j.reason, j.came, j.changed, j.version
FROM joining j JOIN organisation o ON o.organisation_id = j.organisation_id
WHERE j.joining_id = :id AND o.path >= :low AND o.path < :high

-- name: listed
SELECT j.joining_id, j.organisation_id, j.item, j.first_day, j.last_day, j.session, j.place, j.number,
       j.asked, j.asked_by, j.decided_by, j.state, j.reason, j.came, j.changed, j.version
FROM organisation o JOIN joining j ON j.organisation_id = o.organisation_id
WHERE o.path >= :low AND o.path < :high AND j.state = ONE_OF(:states)
ORDER BY j.last_day, j.joining_id LIMIT :most

-- name: listed_of_items
SELECT j.joining_id, j.organisation_id, j.item, j.first_day, j.last_day, j.session, j.place, j.number,
       j.asked, j.asked_by, j.decided_by, j.state, j.reason, j.came, j.changed, j.version
FROM organisation o JOIN joining j ON j.organisation_id = o.organisation_id
WHERE o.path >= :low AND o.path < :high AND j.state = ONE_OF(:states) AND j.item = ONE_OF(:items)
ORDER BY j.last_day, j.joining_id LIMIT :most

-- name: put
UPDATE joining
SET first_day = :first, last_day = :last, session = :session, number = :number,
    decided_by = :decided_by, state = :state, reason = :reason, came = :came, changed = :changed,
    version = version + 1
WHERE joining_id = :id AND version = :version

-- name: people
-- fanout: who is on a list may lie in any shard
SELECT m.person_id, m.came
FROM joining_member m JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE m.joining_id = :id AND o.path >= :low AND o.path < :high
ORDER BY m.person_id

-- name: clear
-- fanout: who is on a list may lie in any shard
DELETE FROM joining_member WHERE joining_id = :id

-- name: enlist
INSERT INTO joining_member (shard, joining_id, person_id, organisation_id, came)
VALUES (?, ?, ?, ?, ?)

-- name: of_person
SELECT joining_id, came FROM joining_member
WHERE shard = :shard AND person_id = :person ORDER BY joining_id

-- name: past
SELECT j.joining_id, j.organisation_id, j.item, j.first_day, j.last_day, j.session, j.place, j.number,
       j.asked, j.asked_by, j.decided_by, j.state, j.reason, j.came, j.changed, j.version
FROM joining j
WHERE j.state IN ('ASKED', 'ACCEPTED', 'HELD') AND j.last_day < :day
ORDER BY j.last_day, j.joining_id LIMIT :most

-- name: open_at
SELECT joining_id FROM joining
WHERE organisation_id = :source AND state IN ('ASKED', 'ACCEPTED', 'HELD') ORDER BY joining_id

-- name: move_open
UPDATE joining SET organisation_id = :target, version = version + 1
WHERE organisation_id = :source AND state IN ('ASKED', 'ACCEPTED', 'HELD')

-- name: move_lists
-- fanout: who is on a list may lie in any shard
UPDATE joining_member SET organisation_id = :target WHERE organisation_id = :source
