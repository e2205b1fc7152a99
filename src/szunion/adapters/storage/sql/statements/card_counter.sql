-- name: keep
INSERT INTO card_counter (shard, card_id, counter, at) VALUES (?, ?, ?, ?)
ON CONFLICT (shard, card_id) DO UPDATE SET counter = excluded.counter, at = excluded.at
WHERE excluded.counter > card_counter.counter
