-- name: add
INSERT INTO message (shard, message_id, person_id, template, fields, created, due, attempts, state)
VALUES (?, ?, ?, ?, ?, ?, ?, 0, 'WAITING')

-- name: let_go
-- Whose worker is believed dead.
DELETE FROM message_set WHERE until <= :now

-- name: held
SELECT until, ids FROM message_set

-- name: free
-- fanout: the notifier of a node reads every shard of its node, one worker at a time (alone). Of
-- those that are due at one moment, as a crowd's are, any: sorting them would read them all.
SELECT message_id, person_id, template, fields, created, due, attempts, state
FROM message
WHERE state = 'WAITING' AND due <= :now
  AND message_id NOT IN (SELECT i.value FROM EACH_ID(:held) i)
ORDER BY due LIMIT :most

-- name: next_due
-- fanout: as free
SELECT due FROM message
WHERE state = 'WAITING' AND message_id NOT IN (SELECT i.value FROM EACH_ID(:held) i)
ORDER BY due LIMIT 1

-- name: hold
INSERT INTO message_set (set_id, until, ids) VALUES (:set, :until, :ids)

-- name: give_back
-- A set whose lease has run out, and which is another's now, is not there, or ends at another time.
DELETE FROM message_set WHERE set_id = :set AND until = :until

-- name: end
UPDATE message SET due = ?, attempts = attempts + 1, state = ?
WHERE shard = ? AND person_id = ? AND message_id = ? AND state = 'WAITING'

-- name: of_person
SELECT message_id, person_id, template, fields, created, due, attempts, state
FROM message WHERE shard = :shard AND person_id = :person ORDER BY message_id
