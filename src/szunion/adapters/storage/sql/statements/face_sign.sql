-- name: add
INSERT INTO face_sign (shard, row_id, sequence, person_id, identity_version, result, effective,
                       received, bank_code, bank_text)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (shard, row_id, sequence) DO NOTHING

-- name: of_person
SELECT row_id, sequence, person_id, identity_version, result, effective, received, bank_code,
       bank_text
FROM face_sign WHERE shard = :shard AND person_id = :person ORDER BY row_id, sequence
