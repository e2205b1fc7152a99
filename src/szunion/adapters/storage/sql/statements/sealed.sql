-- Three statements for each column that holds sealed values: the next rows of a walk, with the salt
-- where the row has one; a row sealed anew, unless somebody has changed it meanwhile; how many
-- values each key has sealed (its number is in the first 5 bytes). A walk goes through the shards in order, step by step.

-- name: page_person
-- fanout: a walk goes through every shard, some rows at a time
SELECT t.shard, t.person_id, s.salt, t.sealed FROM person t
JOIN person_salt s ON s.shard = t.shard AND s.person_id = t.person_id
WHERE (t.shard, t.person_id) > (:shard, :id) AND t.sealed IS NOT NULL
ORDER BY t.shard, t.person_id LIMIT :most

-- name: put_person
UPDATE person SET sealed = :new WHERE shard = :shard AND person_id = :id AND sealed = :old

-- name: keys_person
-- fanout: counted over every shard
SELECT substr(sealed, 1, 5), count(*) FROM person WHERE sealed IS NOT NULL
GROUP BY substr(sealed, 1, 5)

-- name: page_card
-- fanout: a walk goes through every shard, some rows at a time
SELECT shard, card_id, '' AS salt, token_sealed FROM card
WHERE (shard, card_id) > (:shard, :id) AND token_sealed IS NOT NULL
ORDER BY shard, card_id LIMIT :most

-- name: put_card
UPDATE card SET token_sealed = :new WHERE shard = :shard AND card_id = :id AND token_sealed = :old

-- name: keys_card
-- fanout: counted over every shard
SELECT substr(token_sealed, 1, 5), count(*) FROM card WHERE token_sealed IS NOT NULL
GROUP BY substr(token_sealed, 1, 5)

-- name: page_application
-- fanout: a walk goes through every shard, some rows at a time
SELECT shard, row_id, '' AS salt, mobile_sealed FROM application
WHERE (shard, row_id) > (:shard, :id) AND mobile_sealed IS NOT NULL
ORDER BY shard, row_id LIMIT :most

-- name: put_application
UPDATE application SET mobile_sealed = :new WHERE shard = :shard AND row_id = :id AND mobile_sealed = :old

-- name: keys_application
-- fanout: counted over every shard
SELECT substr(mobile_sealed, 1, 5), count(*) FROM application WHERE mobile_sealed IS NOT NULL
GROUP BY substr(mobile_sealed, 1, 5)

-- name: page_rights_request
-- fanout: a walk goes through every shard, some rows at a time
SELECT shard, request_id, '' AS salt, wanted FROM rights_request
WHERE (shard, request_id) > (:shard, :id) AND wanted IS NOT NULL
ORDER BY shard, request_id LIMIT :most

-- name: put_rights_request
UPDATE rights_request SET wanted = :new
WHERE shard = :shard AND request_id = :id AND wanted = :old

-- name: keys_rights_request
-- fanout: counted over every shard
SELECT substr(wanted, 1, 5), count(*) FROM rights_request WHERE wanted IS NOT NULL
GROUP BY substr(wanted, 1, 5)

-- name: page_referral
-- fanout: a walk goes through every shard, some rows at a time
SELECT shard, referral_id, '' AS salt, sealed FROM referral
WHERE (shard, referral_id) > (:shard, :id) ORDER BY shard, referral_id LIMIT :most

-- name: put_referral
UPDATE referral SET sealed = :new WHERE shard = :shard AND referral_id = :id AND sealed = :old

-- name: keys_referral
-- fanout: counted over every shard
SELECT substr(sealed, 1, 5), count(*) FROM referral GROUP BY substr(sealed, 1, 5)

-- name: page_payee_name
-- fanout: a walk goes through every shard, some rows at a time
SELECT shard, person_id, salt, sealed FROM payee_name
WHERE (shard, person_id) > (:shard, :id)
ORDER BY shard, person_id LIMIT :most

-- name: put_payee_name
UPDATE payee_name SET sealed = :new WHERE shard = :shard AND person_id = :id AND sealed = :old

-- name: keys_payee_name
-- fanout: counted over every shard
SELECT substr(sealed, 1, 5), count(*) FROM payee_name
GROUP BY substr(sealed, 1, 5)

-- name: page_claim
-- fanout: a walk goes through every shard, some rows at a time
SELECT shard, claim_id, '' AS salt, sealed FROM claim
WHERE (shard, claim_id) > (:shard, :id) AND sealed IS NOT NULL
ORDER BY shard, claim_id LIMIT :most

-- name: put_claim
UPDATE claim SET sealed = :new WHERE shard = :shard AND claim_id = :id AND sealed = :old

-- name: keys_claim
-- fanout: counted over every shard
SELECT substr(sealed, 1, 5), count(*) FROM claim WHERE sealed IS NOT NULL
GROUP BY substr(sealed, 1, 5)

-- name: page_wish
-- fanout: a walk goes through every shard, some rows at a time
SELECT shard, wish_id, '' AS salt, words FROM wish
WHERE (shard, wish_id) > (:shard, :id) AND words IS NOT NULL
ORDER BY shard, wish_id LIMIT :most

-- name: put_wish
UPDATE wish SET words = :new WHERE shard = :shard AND wish_id = :id AND words = :old

-- name: keys_wish
-- fanout: counted over every shard
SELECT substr(words, 1, 5), count(*) FROM wish WHERE words IS NOT NULL
GROUP BY substr(words, 1, 5)

-- name: page_inbox_waiting
SELECT 0 AS shard, waiting_id, '' AS salt, sealed FROM inbox_waiting
WHERE (0, waiting_id) > (:shard, :id) ORDER BY waiting_id LIMIT :most

-- name: put_inbox_waiting
UPDATE inbox_waiting SET sealed = :new WHERE waiting_id = :id AND :shard = 0 AND sealed = :old

-- name: keys_inbox_waiting
SELECT substr(sealed, 1, 5), count(*) FROM inbox_waiting GROUP BY substr(sealed, 1, 5)

-- name: filing_key
SELECT key_id FROM index_key WHERE field = :field FOR_SHARE

-- name: filing_key_seen
SELECT key_id FROM index_key WHERE field = :field

-- name: file_under
UPDATE index_key SET key_id = :key WHERE field = :field

-- name: move_document
UPDATE person_document SET blind = :blind WHERE shard = :shard AND blind = :old

-- name: walk
SELECT at_shard, at_id, seen, changed, ended FROM key_walk WHERE walk = :walk

-- name: put_walk
INSERT INTO key_walk (walk, at_shard, at_id, seen, changed, ended)
VALUES (:walk, :at, :id, :seen, :changed, :ended)
ON CONFLICT (walk) DO UPDATE SET at_shard = excluded.at_shard, at_id = excluded.at_id,
    seen = excluded.seen, changed = excluded.changed, ended = excluded.ended
