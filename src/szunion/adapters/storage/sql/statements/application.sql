-- name: add
INSERT INTO application (shard, row_id, batch_id, person_id, programme, number, attempt, key, state,
                         identity_version, account_class, wish, problems, reason, bank_code,
                         bank_text, sequence, missing, card_id, changed, version)
VALUES (:shard, :id, :batch, :person, :programme, :number, :attempt, :key, :state,
        :identity_version, :account_class, :wish, :problems, :reason, :bank_code,
        :bank_text, :sequence, :missing, :card, :changed, 0)

-- name: add_name
INSERT INTO bank_name (kind, name, at_shard, id) VALUES ('ROW', ?, ?, ?)

-- name: place_of_key
SELECT id FROM bank_name WHERE kind = 'ROW' AND name = :key

-- name: get
SELECT row_id, batch_id, person_id, programme, number, attempt, key, state, identity_version,
       account_class, wish, problems, reason, bank_code, bank_text, sequence, missing, card_id,
       changed, version
FROM application WHERE shard = :shard AND row_id = :id

-- name: of_batch
-- fanout: a batch's people are in every shard
SELECT row_id, batch_id, person_id, programme, number, attempt, key, state, identity_version,
       account_class, wish, problems, reason, bank_code, bank_text, sequence, missing, card_id,
       changed, version
FROM application WHERE batch_id = :batch ORDER BY row_id

-- name: counts
-- fanout: as of_batch
SELECT state, count(*) FROM application WHERE batch_id = :batch GROUP BY state

-- name: of_person
SELECT row_id, batch_id, person_id, programme, number, attempt, key, state, identity_version,
       account_class, wish, problems, reason, bank_code, bank_text, sequence, missing, card_id,
       changed, version
FROM application WHERE shard = :shard AND person_id = :person ORDER BY row_id

-- name: of_people
SELECT a.row_id, a.batch_id, a.person_id, a.programme, a.number, a.attempt, a.key, a.state,
       a.identity_version, a.account_class, a.wish, a.problems, a.reason, a.bank_code, a.bank_text,
       a.sequence, a.missing, a.card_id, a.changed, a.version
FROM EACH_ID(:people) p
JOIN application a ON a.shard = p.value >> 53 AND a.person_id = p.value
                  AND a.programme = :programme
ORDER BY a.row_id

-- name: put
UPDATE application
SET batch_id = :batch, attempt = :attempt, state = :state, identity_version = :identity_version,
    account_class = :account_class, wish = :wish, problems = :problems, reason = :reason,
    bank_code = :bank_code, bank_text = :bank_text, sequence = :sequence, missing = :missing,
    card_id = :card, changed = :changed, version = :version + 1
WHERE shard = :shard AND row_id = :id AND version = :version

-- name: pin_mobile
UPDATE application SET mobile_sealed = :sealed WHERE shard = :shard AND row_id = :id

-- name: unpin_mobiles
-- fanout: as of_batch
UPDATE application SET mobile_sealed = NULL WHERE batch_id = :batch

-- name: pinned_mobiles
-- fanout: as of_batch
SELECT shard, row_id, mobile_sealed FROM application
WHERE batch_id = :batch AND mobile_sealed IS NOT NULL ORDER BY row_id

-- name: overdue
-- fanout: the engine of a node looks at every shard of its node
SELECT row_id, batch_id, person_id, programme, number, attempt, key, state, identity_version,
       account_class, wish, problems, reason, bank_code, bank_text, sequence, missing, card_id,
       changed, version
FROM application
WHERE state IN ('PRODUCED', 'WITH_UNION', 'HANDED') AND changed < :before
ORDER BY changed, row_id LIMIT :most
