-- name: add
INSERT INTO instruction (shard, instruction_id, card_id, person_id, kind, cause, reason, key,
                         sequence, state, created, bank_code, bank_text, version)
VALUES (:shard, :id, :card, :person, :kind, :cause, :reason, :key,
        :sequence, :state, :created, :bank_code, :bank_text, 0)

-- name: get
SELECT instruction_id, card_id, person_id, kind, cause, reason, key, sequence, state, created,
       bank_code, bank_text, version
FROM instruction WHERE shard = :shard AND instruction_id = :id

-- name: of_card
SELECT instruction_id, card_id, person_id, kind, cause, reason, key, sequence, state, created,
       bank_code, bank_text, version
FROM instruction WHERE shard = :shard AND card_id = :card ORDER BY sequence

-- name: put
UPDATE instruction
SET state = :state, bank_code = :bank_code, bank_text = :bank_text, version = :version + 1
WHERE shard = :shard AND instruction_id = :id AND version = :version
