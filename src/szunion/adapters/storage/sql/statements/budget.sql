-- name: set
INSERT INTO budget (item, year, ceiling, committed, version)
VALUES (:item, :year, :ceiling, 0, 0)
ON CONFLICT (item, year) DO UPDATE SET ceiling = excluded.ceiling, version = budget.version + 1

-- name: get
SELECT item, year, ceiling, committed FROM budget WHERE item = :item AND year = :year

-- name: commit
UPDATE budget SET committed = committed + :fen, version = version + 1
WHERE item = :item AND year = :year AND committed + :fen BETWEEN 0 AND ceiling
