-- name: get
SELECT t.transfer_id, t.membership_id, t.person_id, t.source_id, t.target_id, t.requested,
       t.answer_by, t.state, t.refused, t.reason, t.version
FROM transfer t
WHERE t.shard = :shard AND t.transfer_id = :id
  AND (t.person_id = :only OR EXISTS (
    SELECT 1 FROM organisation o WHERE o.organisation_id IN (t.source_id, t.target_id)
      AND o.path >= :low AND o.path < :high))

-- name: open_of
SELECT t.transfer_id, t.membership_id, t.person_id, t.source_id, t.target_id, t.requested,
       t.answer_by, t.state, t.refused, t.reason, t.version
FROM transfer t
WHERE t.shard = :shard AND t.person_id = :person
  AND t.state IN ('REQUESTED', 'RELEASED', 'ESCALATED')
  AND (t.person_id = :only OR EXISTS (
    SELECT 1 FROM organisation o WHERE o.organisation_id IN (t.source_id, t.target_id)
      AND o.path >= :low AND o.path < :high))

-- name: of_membership
SELECT t.transfer_id, t.membership_id, t.person_id, t.source_id, t.target_id, t.requested,
       t.answer_by, t.state, t.refused, t.reason, t.version
FROM transfer t
WHERE t.shard = :shard AND t.person_id = :person AND t.membership_id = :membership
  AND (t.person_id = :only OR EXISTS (
    SELECT 1 FROM organisation o WHERE o.organisation_id IN (t.source_id, t.target_id)
      AND o.path >= :low AND o.path < :high))
ORDER BY t.transfer_id

-- name: open_touching
-- fanout: the members of one union lie in all shards of a node
SELECT t.transfer_id, t.membership_id, t.person_id, t.source_id, t.target_id, t.requested,
       t.answer_by, t.state, t.refused, t.reason, t.version
FROM transfer t
WHERE t.state IN ('REQUESTED', 'RELEASED', 'ESCALATED')
  AND (t.source_id = :organisation OR t.target_id = :organisation)
  AND EXISTS (
    SELECT 1 FROM organisation o WHERE o.organisation_id = :organisation
      AND o.path >= :low AND o.path < :high)
ORDER BY t.transfer_id

-- name: due
-- fanout: the engine of a node looks at every shard of its node
SELECT t.transfer_id, t.membership_id, t.person_id, t.source_id, t.target_id, t.requested,
       t.answer_by, t.state, t.refused, t.reason, t.version
FROM transfer t
WHERE t.state IN ('REQUESTED', 'RELEASED') AND t.answer_by <= :now
ORDER BY t.answer_by, t.transfer_id LIMIT :most

-- name: add
INSERT INTO transfer (shard, transfer_id, person_id, membership_id, source_id, target_id,
                      requested, answer_by, state, refused, reason, version)
VALUES (:shard, :id, :person, :membership, :source, :target, :requested, :answer_by, :state,
        :refused, :reason, :version)

-- name: put
UPDATE transfer
SET source_id = :source, target_id = :target, answer_by = :answer_by, state = :state,
    refused = :refused, reason = :reason, version = version + 1
WHERE shard = :shard AND transfer_id = :id AND version = :version
