-- name: add
INSERT INTO batch (batch_id, organisation_id, programme, state, created, created_by, submitted_by,
                   approved_by, frozen, row_count, key, outcome, receipt_missing, moved_on, version)
VALUES (:id, :organisation, :programme, :state, :created, :created_by, :submitted_by,
        :approved_by, :frozen, :row_count, :key, :outcome, :receipt_missing, :moved_on, 0)

-- name: get
SELECT b.batch_id, b.organisation_id, b.programme, b.state, b.created, b.created_by, b.submitted_by,
       b.approved_by, b.frozen, b.row_count, b.key, b.outcome, b.receipt_missing, b.moved_on,
       b.version
FROM batch b JOIN organisation o ON o.organisation_id = b.organisation_id
WHERE b.batch_id = :id AND o.path >= :low AND o.path < :high

-- name: by_key
SELECT b.batch_id, b.organisation_id, b.programme, b.state, b.created, b.created_by, b.submitted_by,
       b.approved_by, b.frozen, b.row_count, b.key, b.outcome, b.receipt_missing, b.moved_on,
       b.version
FROM batch b JOIN organisation o ON o.organisation_id = b.organisation_id
WHERE b.key = :key AND o.path >= :low AND o.path < :high

-- name: put
UPDATE batch
SET state = :state, submitted_by = :submitted_by, approved_by = :approved_by, frozen = :frozen,
    row_count = :row_count, key = :key, outcome = :outcome, receipt_missing = :receipt_missing,
    moved_on = :moved_on, version = :version + 1
WHERE batch_id = :id AND version = :version

-- name: listed
SELECT b.batch_id, b.organisation_id, b.programme, b.state, b.created, b.created_by, b.submitted_by,
       b.approved_by, b.frozen, b.row_count, b.key, b.outcome, b.receipt_missing, b.moved_on,
       b.version
FROM batch b JOIN organisation o ON o.organisation_id = b.organisation_id
WHERE b.batch_id > :after AND o.path >= :low AND o.path < :high
  AND (:states = '[]' OR b.state = ONE_OF(:states))
ORDER BY b.batch_id LIMIT :most

-- name: of_organisation
SELECT batch_id, organisation_id, programme, state, created, created_by, submitted_by,
       approved_by, frozen, row_count, key, outcome, receipt_missing, moved_on, version
FROM batch WHERE organisation_id = :organisation ORDER BY batch_id

-- name: hand_over
UPDATE batch SET organisation_id = :new, version = version + 1 WHERE organisation_id = :old
