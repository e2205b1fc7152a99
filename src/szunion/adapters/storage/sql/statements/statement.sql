-- name: add
INSERT INTO statement_line (day, position, key, kind, fen, verdict, explained)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, position) DO NOTHING

-- name: of_day
SELECT day, position, key, kind, fen, verdict, explained
FROM statement_line WHERE day = :day ORDER BY position

-- name: of_keys
SELECT s.day, s.position, s.key, s.kind, s.fen, s.verdict, s.explained
FROM EACH_TEXT(:keys) k JOIN statement_line s ON s.key = k.value ORDER BY s.day, s.position

-- name: last_day
SELECT max(day) FROM statement_line

-- name: unexplained
SELECT day, position, key, kind, fen, verdict, explained
FROM statement_line
WHERE verdict IN ('OTHER_AMOUNT', 'UNKNOWN_ORDER', 'NOT_EXPECTED') AND explained = ''
ORDER BY day, position LIMIT :most

-- name: explain
UPDATE statement_line SET explained = :words
WHERE day = :day AND position = :position AND explained = ''
  AND verdict IN ('OTHER_AMOUNT', 'UNKNOWN_ORDER', 'NOT_EXPECTED')

-- name: missing
SELECT l.code FROM ledger l
WHERE l.entry = 'POST' AND l.at < :before
  AND NOT EXISTS (SELECT 1 FROM statement_line s WHERE s.key = l.code AND s.kind = 'PAID')
ORDER BY l.at LIMIT :most
