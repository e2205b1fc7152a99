-- name: put
INSERT INTO fee_waiver (shard, card_id, month, kind, person_id, used, allowed, sequence, told)
VALUES (:shard, :card, :month, :kind, :person, :used, :allowed, :sequence, :told)
ON CONFLICT (shard, card_id, month, kind) DO UPDATE
SET used = excluded.used, allowed = excluded.allowed, sequence = excluded.sequence,
    told = excluded.told
WHERE excluded.sequence > fee_waiver.sequence

-- name: of_card
SELECT card_id, month, kind, person_id, used, allowed, sequence, told
FROM fee_waiver WHERE shard = :shard AND card_id = :card AND month = :month ORDER BY kind
