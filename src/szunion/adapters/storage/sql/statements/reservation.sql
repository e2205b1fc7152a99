-- name: add
INSERT INTO number_reservation (shard, reservation_id, person_id, programme, digits, number, key,
                                identity_version, asked, asked_by, result, until, sequence, refused,
                                version)
VALUES (:shard, :id, :person, :programme, :digits, :number, :key, :identity_version, :asked,
        :asked_by, :result, :until, :sequence, :refused, 0)

-- name: get
SELECT reservation_id, person_id, programme, digits, number, key, identity_version, asked, asked_by,
       result, until, sequence, refused, version
FROM number_reservation WHERE shard = :shard AND reservation_id = :id

-- name: of_person
SELECT reservation_id, person_id, programme, digits, number, key, identity_version, asked, asked_by,
       result, until, sequence, refused, version
FROM number_reservation WHERE shard = :shard AND person_id = :person ORDER BY reservation_id

-- name: put
UPDATE number_reservation
SET result = :result, until = :until, sequence = :sequence, refused = :refused,
    version = :version + 1
WHERE shard = :shard AND reservation_id = :id AND version = :version
