-- What no other noun finds by person: for the own copy, and for the answer to an erasure.

-- name: fee_waivers
SELECT card_id, month, kind, person_id, used, allowed, sequence, told
FROM fee_waiver WHERE shard = :shard AND person_id = :person ORDER BY month, card_id, kind

-- name: ratings
SELECT participation_id, person_id, item, stars, at
FROM rating WHERE shard = :shard AND person_id = :person ORDER BY at, participation_id

-- name: plastic
SELECT list_id, card_id, there FROM custody_item
WHERE shard = :shard AND card_id = :card ORDER BY list_id

-- name: counter
SELECT card_id, counter, at FROM card_counter WHERE shard = :shard AND card_id = :card

-- name: counts
-- fanout: documents, mobiles and accounts lie in shards of their own
SELECT 'person' AS name, count(*) AS rows FROM person WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'person_salt' AS name, count(*) AS rows FROM person_salt WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'membership' AS name, count(*) AS rows FROM membership WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'membership_past' AS name, count(*) AS rows FROM membership_past WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'affiliation' AS name, count(*) AS rows FROM affiliation WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'transfer' AS name, count(*) AS rows FROM transfer WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'binding_of_person' AS name, count(*) AS rows FROM binding_of_person WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'quarantine' AS name, count(*) AS rows FROM quarantine WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'consent_word' AS name, count(*) AS rows FROM consent_word WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'rights_request' AS name, count(*) AS rows FROM rights_request WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'application' AS name, count(*) AS rows FROM application WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'number_reservation' AS name, count(*) AS rows FROM number_reservation WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'face_sign' AS name, count(*) AS rows FROM face_sign WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'card' AS name, count(*) AS rows FROM card WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'card_standing' AS name, count(*) AS rows FROM card_standing WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'card_hold' AS name, count(*) AS rows FROM card_hold WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'instruction' AS name, count(*) AS rows FROM instruction WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'fee_waiver' AS name, count(*) AS rows FROM fee_waiver WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'entitlement' AS name, count(*) AS rows FROM entitlement WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'heir' AS name, count(*) AS rows FROM heir WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'booking' AS name, count(*) AS rows FROM booking WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'participation' AS name, count(*) AS rows FROM participation WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'rating' AS name, count(*) AS rows FROM rating WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'wish' AS name, count(*) AS rows FROM wish WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'referral' AS name, count(*) AS rows FROM referral WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'joining_member' AS name, count(*) AS rows FROM joining_member
WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'message' AS name, count(*) AS rows FROM message WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'audit' AS name, count(*) AS rows FROM audit WHERE shard = :shard AND person_id = :person
UNION ALL
SELECT 'card_fact', count(*) FROM card_fact WHERE shard = :shard AND card_id IN (
    SELECT card_id FROM card WHERE shard = :shard AND person_id = :person)
UNION ALL
SELECT 'card_counter', count(*) FROM card_counter WHERE shard = :shard AND card_id IN (
    SELECT card_id FROM card WHERE shard = :shard AND person_id = :person)
UNION ALL
SELECT 'custody_item', count(*) FROM custody_item WHERE shard = :shard AND card_id IN (
    SELECT card_id FROM card WHERE shard = :shard AND person_id = :person)
UNION ALL
SELECT 'bank_name', count(*) FROM bank_name WHERE at_shard = :shard AND (
    (kind = 'CARD' AND id IN (SELECT card_id FROM card WHERE shard = :shard AND person_id = :person))
    OR (kind = 'ROW' AND id IN (
        SELECT row_id FROM application WHERE shard = :shard AND person_id = :person)))
UNION ALL
SELECT 'person_document', count(*) FROM person_document WHERE person_id = :person
UNION ALL
SELECT 'person_mobile', count(*) FROM person_mobile WHERE person_id = :person
UNION ALL
SELECT 'binding', count(*) FROM binding WHERE person_id = :person
