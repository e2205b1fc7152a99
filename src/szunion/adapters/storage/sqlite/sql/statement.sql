-- name: add
INSERT INTO statement_line (day, position, key, kind, fen, verdict) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (day, position) DO NOTHING

-- name: of_day
SELECT day, position, key, kind, fen, verdict FROM statement_line WHERE day = :day ORDER BY position

-- name: last_day
SELECT max(day) FROM statement_line
