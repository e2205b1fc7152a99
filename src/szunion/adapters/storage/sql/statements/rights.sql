-- Somebody is within a scope by the path of the union in charge of the newest membership.

-- name: get
SELECT r.shard, r.request_id, r.person_id, r.kind, r.asked, r.made_by, r.due, r.must_by, r.wanted,
       r.paper, r.state, r.verified_by, r.evidence, r.answered_by, r.answered, r.refusal, r.version
FROM rights_request r
WHERE r.shard = :shard AND r.request_id = :request
  AND (:whole OR r.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = r.shard AND m.person_id = r.person_id
    ORDER BY m.membership_id DESC LIMIT 1))

-- name: of_person
SELECT r.shard, r.request_id, r.person_id, r.kind, r.asked, r.made_by, r.due, r.must_by, r.wanted,
       r.paper, r.state, r.verified_by, r.evidence, r.answered_by, r.answered, r.refusal, r.version
FROM rights_request r
WHERE r.shard = :shard AND r.person_id = :person ORDER BY r.request_id

-- name: listed
-- fanout: an officer's list is over every shard of a node
SELECT r.shard, r.request_id, r.person_id, r.kind, r.asked, r.made_by, r.due, r.must_by, r.wanted,
       r.paper, r.state, r.verified_by, r.evidence, r.answered_by, r.answered, r.refusal, r.version
FROM rights_request r
WHERE r.state = ONE_OF(:states) AND (:whole OR r.person_id = :only OR (
    SELECT o.path >= :low AND o.path < :high
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = r.shard AND m.person_id = r.person_id
    ORDER BY m.membership_id DESC LIMIT 1))
ORDER BY r.must_by, r.request_id LIMIT :most

-- name: add
INSERT INTO rights_request (shard, request_id, person_id, kind, asked, made_by, due, must_by, wanted,
                            paper, state, verified_by, evidence, answered_by, answered, refusal,
                            version)
VALUES (:shard, :request, :person, :kind, :asked, :made_by, :due, :must_by, :wanted, :paper, :state,
        :verified_by, :evidence, :answered_by, :answered, :refusal, :version)

-- name: put
UPDATE rights_request
SET state = :state, verified_by = :verified_by, evidence = :evidence, answered_by = :answered_by,
    answered = :answered, refusal = :refusal, wanted = :wanted, version = version + 1
WHERE shard = :shard AND request_id = :request AND version = :version
