-- name: add
INSERT INTO instruction (shard, instruction_id, card_id, person_id, kind, cause, reason, key,
                         sequence, state, created, bank_code, bank_text, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)

-- name: get
SELECT instruction_id, card_id, person_id, kind, cause, reason, key, sequence, state, created,
       bank_code, bank_text, version
FROM instruction WHERE shard = :shard AND instruction_id = :id

-- name: of_card
SELECT instruction_id, card_id, person_id, kind, cause, reason, key, sequence, state, created,
       bank_code, bank_text, version
FROM instruction WHERE shard = :shard AND card_id = :card ORDER BY sequence

-- name: of_cards
SELECT instruction_id, i.card_id, person_id, kind, cause, reason, i.key, sequence, state, created,
       bank_code, bank_text, version
FROM EACH_ID(:ids) p JOIN instruction i ON i.shard = p.value >> 53 AND i.card_id = p.value
ORDER BY i.card_id, sequence

-- name: put
UPDATE instruction
SET state = :state, bank_code = :bank_code, bank_text = :bank_text, version = :version + 1
WHERE shard = :shard AND instruction_id = :id AND version = :version
