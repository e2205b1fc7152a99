-- name: hear
INSERT INTO inbox (source, event_id, kind, stream, sequence, digest, received, hearing, subject,
                   copies, reason)
VALUES (:source, :event_id, :kind, :stream, :sequence, :digest, :received, :hearing, :subject,
        :copies, :reason)
ON CONFLICT (source, event_id) DO NOTHING

-- name: get
SELECT source, event_id, kind, stream, sequence, digest, received, hearing, subject, copies, reason
FROM inbox WHERE source = :source AND event_id = :event_id

-- name: put
UPDATE inbox SET kind = :kind, stream = :stream, sequence = :sequence, digest = :digest,
                 received = :received, hearing = :hearing, subject = :subject, copies = :copies,
                 reason = :reason
WHERE source = :source AND event_id = :event_id

-- name: listed
SELECT source, event_id, kind, stream, sequence, digest, received, hearing, subject, copies, reason
FROM inbox WHERE hearing = ONE_OF(:hearings)
ORDER BY received, event_id LIMIT :most

-- name: contradicted
SELECT subject, max(received) FROM inbox
WHERE hearing = 'CONFLICT' AND subject IN (SELECT value FROM EACH_ID(:subjects) s)
GROUP BY subject

-- name: wait
INSERT INTO inbox_waiting (waiting_id, source, event_id, about, sealed, received)
VALUES (?, ?, ?, ?, ?, ?)

-- name: waiting
SELECT waiting_id, source, event_id, about, sealed, received
FROM inbox_waiting WHERE about = :about ORDER BY waiting_id

-- name: waiting_longest
SELECT waiting_id, source, event_id, about, sealed, received
FROM inbox_waiting WHERE about <> 'aside' ORDER BY waiting_id LIMIT :most

-- name: waits_no_more
DELETE FROM inbox_waiting WHERE waiting_id = :id

-- name: cursor
SELECT cursor FROM bank_cursor WHERE source = :source

-- name: move_cursor
INSERT INTO bank_cursor (source, cursor, moved) VALUES (:source, :cursor, :now)
ON CONFLICT (source) DO UPDATE SET cursor = excluded.cursor, moved = excluded.moved
