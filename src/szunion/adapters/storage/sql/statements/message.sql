-- name: add
INSERT INTO message (shard, message_id, person_id, template, fields, created, due, attempts, state)
VALUES (?, ?, ?, ?, ?, ?, ?, 0, 'WAITING')

-- name: lease
-- fanout: the notifier of a node reads every shard of its node, one worker at a time (alone). Rows
-- of every shard cannot be locked, nor passed over when locked: `due` itself is the lease. Of those
-- that are due at one moment, as a crowd's are, any: sorting them would read them all for each set.
UPDATE message SET due = :until
FROM (SELECT shard AS at, message_id AS id FROM message
      WHERE state = 'WAITING' AND due <= :now ORDER BY due LIMIT :most) t
WHERE shard = t.at AND message_id = t.id
RETURNING message_id, person_id, template, fields, created, due, attempts, state

-- name: end
-- A message whose lease has run out, and which is another's now, is due at another time.
UPDATE message SET due = :due, attempts = attempts + 1, state = :state
FROM EACH_ID(:ids) i
WHERE message.shard = i.value >> 53 AND message_id = i.value AND state = 'WAITING' AND due = :lease

-- name: of_person
SELECT message_id, person_id, template, fields, created, due, attempts, state
FROM message WHERE shard = :shard AND person_id = :person ORDER BY message_id
