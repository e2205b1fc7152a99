-- name: add
INSERT INTO message (shard, message_id, person_id, template, fields, created, due, attempts, state)
VALUES (?, ?, ?, ?, ?, ?, ?, 0, 'WAITING')

-- name: due
-- fanout: the notifier of a node reads every shard of its node
SELECT message_id, person_id, template, fields, created, due, attempts, state
FROM message WHERE state = 'WAITING' AND due <= :now ORDER BY due, message_id LIMIT :most

-- name: put
UPDATE message SET due = :due, attempts = :attempts, state = :state
WHERE shard = :shard AND message_id = :id

-- name: of_person
SELECT message_id, person_id, template, fields, created, due, attempts, state
FROM message WHERE shard = :shard AND person_id = :person ORDER BY message_id
