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
SELECT b.booking_id, b.offer_id, b.person_id, b.place, b.state, b.asked, b.confirm_by, b.refused,
       b.version
FROM json_each(:people) p
JOIN booking b ON b.shard = p.value >> 53 AND b.person_id = p.value AND b.offer_id = :offer
ORDER BY b.booking_id

-- name: put
UPDATE booking
SET state = :state, confirm_by = :confirm_by, refused = :refused, version = version + 1
WHERE shard = :shard AND booking_id = :id AND version = :version

-- name: waiting
-- fanout: a waiting list holds people of every shard, in the order in which they asked
SELECT booking_id, offer_id, person_id, place, state, asked, confirm_by, refused, version
FROM booking WHERE offer_id = :offer AND state = 'WAITLISTED'
ORDER BY asked, booking_id LIMIT :most

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
WHERE o.closes <= :now AND b.state IN ('CONFIRMED', 'WAITLISTED')
ORDER BY b.booking_id LIMIT :most
