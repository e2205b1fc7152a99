-- Tickets are the operators', found by their own number before it is known who calls: not sharded.

-- name: ticket
SELECT ticket_id, clerk, topic, taken, state, person_id, opened_until, version
FROM ticket WHERE ticket_id = :id

-- name: opening
SELECT ticket_id, clerk, topic, taken, state, person_id, opened_until, version
FROM ticket WHERE clerk = :clerk AND state = 'NEW' AND person_id IS NOT NULL

-- name: waiting
SELECT ticket_id, clerk, topic, taken, state, person_id, opened_until, version
FROM ticket WHERE state = 'NEW' ORDER BY ticket_id LIMIT :most

-- name: waiting_of
SELECT ticket_id, clerk, topic, taken, state, person_id, opened_until, version
FROM ticket WHERE state = 'NEW' AND clerk = :clerk ORDER BY ticket_id LIMIT :most

-- name: add
INSERT INTO ticket (ticket_id, clerk, topic, taken, state, person_id, opened_until, version)
VALUES (:id, :clerk, :topic, :taken, :state, :person, :until, 0)

-- name: put
UPDATE ticket
SET clerk = :clerk, state = :state, person_id = :person, opened_until = :until, version = version + 1
WHERE ticket_id = :id AND version = :version

-- name: tries
SELECT wrong, began, locked_until FROM challenge WHERE subject = :subject

-- name: count
INSERT INTO challenge (subject, wrong, began, locked_until)
VALUES (:subject, :wrong, :began, :locked)
ON CONFLICT (subject) DO UPDATE
SET wrong = excluded.wrong, began = excluded.began, locked_until = excluded.locked_until
