-- name: add
INSERT INTO enrolment (shard, enrolment_id, key, person_id, plan, state, asked, asked_by, catalogue,
                       since, waiting_until, until, most_claims, cap, claims, paid, follows,
                       document, decided_by, version)
VALUES (:shard, :id, :key, :person, :plan, :state, :asked, :asked_by, :catalogue, :since,
        :waiting_until, :until, :most_claims, :cap, :claims, :paid, :follows, :document,
        :decided_by, 0)
ON CONFLICT (shard, key) DO NOTHING

-- name: get
SELECT enrolment_id, key, person_id, plan, state, asked, asked_by, catalogue, since, waiting_until,
       until, most_claims, cap, claims, paid, follows, document, decided_by, version
FROM enrolment WHERE shard = :shard AND enrolment_id = :id

-- name: of_person
SELECT enrolment_id, key, person_id, plan, state, asked, asked_by, catalogue, since, waiting_until,
       until, most_claims, cap, claims, paid, follows, document, decided_by, version
FROM enrolment WHERE shard = :shard AND person_id = :person ORDER BY enrolment_id

-- name: put
UPDATE enrolment
SET state = :state, catalogue = :catalogue, since = :since, waiting_until = :waiting_until,
    until = :until, most_claims = :most_claims, cap = :cap, document = :document,
    decided_by = :decided_by, version = version + 1
WHERE shard = :shard AND enrolment_id = :id AND version = :version

-- name: use
UPDATE enrolment SET claims = claims + 1, paid = paid + :fen, version = version + 1
WHERE shard = :shard AND enrolment_id = :id
  AND (most_claims IS NULL OR claims < most_claims) AND (cap IS NULL OR paid + :fen <= cap)

-- name: due
-- fanout: the engine begins and ends covers of people of every shard
SELECT enrolment_id, key, person_id, plan, state, asked, asked_by, catalogue, since, waiting_until,
       until, most_claims, cap, claims, paid, follows, document, decided_by, version
FROM enrolment
WHERE (state = 'ACCEPTED' AND since <= :today)
   OR (state = 'WAITING' AND (waiting_until IS NULL OR waiting_until <= :today))
   OR (state = 'IN_FORCE' AND until <= :today)
ORDER BY enrolment_id LIMIT :most

-- name: asked
-- fanout: the review body sees what waits for it, of people of every shard
SELECT enrolment_id, key, person_id, plan, state, asked, asked_by, catalogue, since, waiting_until,
       until, most_claims, cap, claims, paid, follows, document, decided_by, version
FROM enrolment WHERE state = 'SUBMITTED' AND enrolment_id > :after
ORDER BY enrolment_id LIMIT :most
