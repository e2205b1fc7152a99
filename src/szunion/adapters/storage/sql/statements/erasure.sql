-- The journal of erasures, and one statement for each deed (domain/erasing.py).

-- name: get
SELECT person_id, at, done_by, request, lines, next_due, files
FROM erasure WHERE shard = :shard AND person_id = :person

-- name: put
INSERT INTO erasure (shard, person_id, at, done_by, request, lines, next_due, files)
VALUES (:shard, :person, :at, :done_by, :request, :lines, :next_due, :files)
ON CONFLICT (shard, person_id) DO UPDATE
SET lines = excluded.lines, next_due = excluded.next_due, files = excluded.files

-- name: journal
-- fanout: the whole journal, page by page
SELECT person_id, at, done_by, request, lines, next_due, files
FROM erasure WHERE person_id > :after ORDER BY person_id LIMIT :most

-- name: due
-- fanout: what runs out lies in any shard
SELECT person_id, at, done_by, request, lines, next_due, files
FROM erasure WHERE next_due <= :day ORDER BY next_due, person_id LIMIT :most

-- name: keep_name
INSERT INTO payee_name (shard, person_id, sealed, salt, until)
VALUES (:shard, :person, :sealed, :salt, :until)
ON CONFLICT (shard, person_id) DO UPDATE
SET sealed = excluded.sealed, salt = excluded.salt, until = excluded.until

-- name: name_of
SELECT sealed, salt, until FROM payee_name WHERE shard = :shard AND person_id = :person

-- name: drop_name
DELETE FROM payee_name WHERE shard = :shard AND person_id = :person

-- name: binding
-- fanout: an account lies in the shard of its own name
DELETE FROM binding WHERE person_id = :person

-- name: binding_of_person
DELETE FROM binding_of_person WHERE shard = :shard AND person_id = :person

-- name: message
DELETE FROM message WHERE shard = :shard AND person_id = :person

-- name: wish
DELETE FROM wish WHERE shard = :shard AND person_id = :person

-- name: referral
DELETE FROM referral WHERE shard = :shard AND person_id = :person

-- name: joining_member
DELETE FROM joining_member WHERE shard = :shard AND person_id = :person

-- name: fee_waiver
DELETE FROM fee_waiver WHERE shard = :shard AND person_id = :person

-- name: number_reservation
DELETE FROM number_reservation WHERE shard = :shard AND person_id = :person

-- name: heir
DELETE FROM heir WHERE shard = :shard AND person_id = :person

-- name: quarantine
DELETE FROM quarantine WHERE shard = :shard AND person_id = :person

-- name: application
UPDATE application SET wish = NULL, mobile_sealed = NULL, bank_text = ''
WHERE shard = :shard AND person_id = :person

-- name: face_sign
UPDATE face_sign SET bank_text = '' WHERE shard = :shard AND person_id = :person

-- name: instruction
UPDATE instruction SET bank_text = '' WHERE shard = :shard AND person_id = :person

-- name: card_hold
UPDATE card_hold SET note = '' WHERE shard = :shard AND person_id = :person

-- name: transfer
UPDATE transfer SET reason = '' WHERE shard = :shard AND person_id = :person

-- name: pay_order
UPDATE pay_order SET bank_text = '' WHERE shard = :shard AND person_id = :person

-- name: rights_request
UPDATE rights_request SET wanted = NULL WHERE shard = :shard AND person_id = :person

-- name: claim_keys
-- fanout: an event's key lies in its own shard
DELETE FROM claimed WHERE claim_id = :claim

-- name: claim_one
DELETE FROM claim WHERE shard = :shard AND person_id = :person AND claim_id = :claim

-- name: end_claimed
-- fanout: an event's key lies in its own shard
DELETE FROM claimed WHERE claim_id IN (
    SELECT claim_id FROM claim WHERE shard = :shard AND person_id = :person)

-- name: end_claim
DELETE FROM claim WHERE shard = :shard AND person_id = :person

-- name: end_enrolment
DELETE FROM enrolment WHERE shard = :shard AND person_id = :person

-- name: end_bank_name
DELETE FROM bank_name WHERE (kind = 'CARD' AND at_shard = :shard AND id IN (
    SELECT card_id FROM card WHERE shard = :shard AND person_id = :person))
  OR (kind = 'ROW' AND at_shard = :shard AND id IN (
    SELECT row_id FROM application WHERE shard = :shard AND person_id = :person))

-- name: end_card_fact
DELETE FROM card_fact WHERE shard = :shard AND card_id IN (
    SELECT card_id FROM card WHERE shard = :shard AND person_id = :person)

-- name: end_custody_item
DELETE FROM custody_item WHERE shard = :shard AND card_id IN (
    SELECT card_id FROM card WHERE shard = :shard AND person_id = :person)

-- name: end_card_counter
DELETE FROM card_counter WHERE shard = :shard AND card_id IN (
    SELECT card_id FROM card WHERE shard = :shard AND person_id = :person)

-- name: end_card_hold
DELETE FROM card_hold WHERE shard = :shard AND person_id = :person

-- name: end_card_standing
DELETE FROM card_standing WHERE shard = :shard AND person_id = :person

-- name: end_instruction
DELETE FROM instruction WHERE shard = :shard AND person_id = :person

-- name: end_card
DELETE FROM card WHERE shard = :shard AND person_id = :person

-- name: end_face_sign
DELETE FROM face_sign WHERE shard = :shard AND person_id = :person

-- name: end_application
DELETE FROM application WHERE shard = :shard AND person_id = :person

-- name: end_entitlement
DELETE FROM entitlement WHERE shard = :shard AND person_id = :person

-- name: end_person_tombstone
-- fanout: a tombstone lies in the shard of its document
DELETE FROM person_tombstone WHERE person_id = :person

-- name: end_consent_word
DELETE FROM consent_word WHERE shard = :shard AND person_id = :person

-- name: end_rights_request
DELETE FROM rights_request WHERE shard = :shard AND person_id = :person
