-- name: add
INSERT INTO booking (shard, booking_id, offer_id, person_id, place, state, asked, confirm_by,
                     refused, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)

-- name: get
SELECT b.booking_id, b.offer_id, b.person_id, b.place, b.state, b.asked, b.confirm_by, b.refused,
       b.version
FROM booking b WHERE b.shard = :shard AND b.booking_id = :id

-- name: of_person
SELECT booking_id, offer_id, person_id, place, state, asked, confirm_by, refused, version
FROM booking WHERE shard = :shard AND person_id = :person ORDER BY booking_id

-- name: of_people
-- what counts has a key of its own (booking_once): a person's other bookings are not gone through
SELECT b.booking_id, b.offer_id, b.person_id, b.place, b.state, b.asked, b.confirm_by, b.refused,
       b.version
FROM CHUNK(person ID, home SHARD, offer ID) c
JOIN booking b ON b.shard = c.home AND b.offer_id = c.offer AND b.person_id = c.person
  AND b.state IN ('REQUESTED', 'HELD', 'CONFIRMED', 'WAITLISTED', 'USED', 'NO_SHOW')
ORDER BY b.booking_id

-- name: put
UPDATE booking
SET state = :state, confirm_by = :confirm_by, refused = :refused, version = version + 1
WHERE shard = :shard AND booking_id = :id AND version = :version

-- name: waiting
-- fanout: a waiting list holds people of every shard, in the order in which they asked
SELECT booking_id, offer_id, person_id, place, state, asked, confirm_by, refused, version
FROM booking WHERE offer_id = :offer AND state = 'WAITLISTED'
ORDER BY asked, booking_id & 9007199254740991 LIMIT :most

-- name: lapsed
-- fanout: the worker of a node frees what lapsed on every shard of its node
SELECT booking_id, offer_id, person_id, place, state, asked, confirm_by, refused, version
FROM booking WHERE state = 'HELD' AND confirm_by <= :now
ORDER BY confirm_by, booking_id LIMIT :most

-- name: over
-- fanout: as lapsed
SELECT b.booking_id, b.offer_id, b.person_id, b.place, b.state, b.asked, b.confirm_by, b.refused,
       b.version
FROM offer o JOIN booking b ON b.offer_id = o.offer_id
WHERE o.ends <= :now AND b.state = 'CONFIRMED' OR o.closes <= :now AND b.state = 'WAITLISTED'
ORDER BY b.booking_id LIMIT :most

-- name: ahead
-- fanout: a waiting list holds people of every shard
SELECT count(*) FROM booking
WHERE offer_id = :offer AND state = 'WAITLISTED'
  AND (asked < :asked OR asked = :asked AND booking_id & 9007199254740991 < :age)

-- name: figures
-- fanout: a sum over all offers and everybody's bookings, by item
WITH queued AS MATERIALIZED (
    SELECT offer_id, count(*) AS waiting FROM booking WHERE state = 'WAITLISTED' GROUP BY offer_id
)
SELECT o.item, CAST(sum(o.stock) AS BIGINT), CAST(sum(o.taken) AS BIGINT),
       CAST(coalesce(sum(q.waiting), 0) AS BIGINT)
FROM offer o LEFT JOIN queued q ON q.offer_id = o.offer_id
GROUP BY o.item ORDER BY o.item

-- name: clean
-- fanout: the caller's list of people may lie in many shards; each is met by its key, and their
-- accounts lie in shards of their own. Who had several memberships, or accounts, comes several
-- times: which membership is the newest is seen there, for one look-up less of each person here
WITH tied AS MATERIALIZED (
    SELECT t.shard, t.person_id, t.binding_shard, t.portal, t.account
    FROM EACH_ID(:people) p
    JOIN binding_of_person t ON t.shard = p.value >> 53 AND t.person_id = p.value
),
bound AS MATERIALIZED (
    SELECT t.shard, b.person_id, b.identity_version
    FROM tied t
    JOIN binding b ON b.shard = t.binding_shard AND b.portal = t.portal
      AND b.account = t.account AND b.person_id = t.person_id AND b.state = 'BOUND'
)
SELECT m.person_id, m.membership_id, m.state, m.reason
FROM bound b
JOIN membership m ON m.shard = b.shard AND m.person_id = b.person_id
JOIN application a ON a.shard = b.shard AND a.person_id = b.person_id
  AND a.state = 'ACTIVATED' AND a.identity_version = b.identity_version
JOIN card c ON c.shard = b.shard AND c.person_id = b.person_id AND c.programme = :programme
  AND c.current = 1 AND c.bank_state = 'ACTIVE' AND c.bank_conflict = 0
  AND c.union_state = 'ENABLED'
WHERE NOT EXISTS (SELECT 1 FROM card_hold h
                  WHERE h.shard = c.shard AND h.card_id = c.card_id AND h.state = 'OPEN')
