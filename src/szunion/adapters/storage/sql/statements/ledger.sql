-- name: add
INSERT INTO ledger (transfer_id, debit, credit, fen, entry, of, code, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: of_codes
SELECT l.transfer_id, l.debit, l.credit, l.fen, l.entry, l.of, l.code, l.at
FROM EACH_TEXT(:codes) c JOIN ledger l ON l.code = c.value ORDER BY l.transfer_id

-- name: balance
SELECT CAST(coalesce(sum(CASE WHEN debit = :account AND entry IN ('POST', 'DIRECT')
                              THEN fen END), 0) AS BIGINT),
       CAST(coalesce(sum(CASE WHEN credit = :account AND entry IN ('POST', 'DIRECT')
                              THEN fen END), 0) AS BIGINT),
       CAST(coalesce(sum(CASE WHEN debit = :account
                              THEN CASE entry WHEN 'PENDING' THEN fen
                                              WHEN 'DIRECT' THEN 0 ELSE -fen END END), 0) AS BIGINT),
       CAST(coalesce(sum(CASE WHEN credit = :account
                              THEN CASE entry WHEN 'PENDING' THEN fen
                                              WHEN 'DIRECT' THEN 0 ELSE -fen END END), 0) AS BIGINT)
FROM ledger WHERE debit = :account OR credit = :account

-- name: whole
SELECT CAST(coalesce(sum(CASE WHEN entry IN ('POST', 'DIRECT') THEN fen END), 0) AS BIGINT),
       CAST(coalesce(sum(CASE entry WHEN 'PENDING' THEN fen
                                    WHEN 'DIRECT' THEN 0 ELSE -fen END), 0) AS BIGINT)
FROM ledger
