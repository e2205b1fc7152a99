-- Proposals are few and name any kind of thing: a reference table, not sharded.

-- name: get
SELECT proposal_id, operation, subject, terms, maker, made, state, checker, checked
FROM proposal WHERE proposal_id = :id

-- name: open_of
SELECT proposal_id, operation, subject, terms, maker, made, state, checker, checked
FROM proposal WHERE operation = :operation AND subject = :subject AND state = 'OPEN'

-- name: waiting
SELECT proposal_id, operation, subject, terms, maker, made, state, checker, checked
FROM proposal WHERE state = 'OPEN' ORDER BY proposal_id

-- name: decided
SELECT proposal_id, operation, subject, terms, maker, made, state, checker, checked
FROM proposal WHERE operation = :operation AND state <> 'OPEN' ORDER BY proposal_id

-- name: add
INSERT INTO proposal (proposal_id, operation, subject, terms, maker, made, checker, checked, state)
VALUES (:id, :operation, :subject, :terms, :maker, :made, NULL, NULL, 'OPEN')

-- name: put
UPDATE proposal SET state = :state, checker = :checker, checked = :checked
WHERE proposal_id = :id AND state = 'OPEN'

-- name: put_terms
UPDATE proposal SET terms = :terms
WHERE proposal_id = :id AND state = 'CONFIRMED' AND terms = :before
