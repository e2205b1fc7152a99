-- name: add
INSERT INTO payout (payout_id, key, item, year, state, orders, total, made, made_by, approved_by,
                    version)
VALUES (:id, :key, :item, :year, :state, :orders, :total, :made, :made_by, :approved_by, 0)

-- name: get
SELECT payout_id, key, item, year, state, orders, total, made, made_by, approved_by, version
FROM payout WHERE payout_id = :id

-- name: listed
SELECT payout_id, key, item, year, state, orders, total, made, made_by, approved_by, version
FROM payout WHERE payout_id > :after ORDER BY payout_id LIMIT :most

-- name: put
UPDATE payout SET state = :state, approved_by = :approved_by, version = version + 1
WHERE payout_id = :id AND version = :version
