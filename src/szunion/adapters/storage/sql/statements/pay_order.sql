-- name: add
INSERT INTO pay_order (shard, order_id, obligation_id, person_id, card_id, payout_id, part, fen,
                       key, due, state, made_by, approved_by, replaces, settlement_missing,
                       sequence, bank_code, bank_text, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)

-- name: add_name
INSERT INTO pay_order_name (key, at_shard, order_id) VALUES (?, ?, ?)

-- name: get
SELECT order_id, obligation_id, person_id, card_id, payout_id, part, fen, key, due, state, made_by,
       approved_by, replaces, settlement_missing, sequence, bank_code, bank_text, version
FROM pay_order WHERE shard = :shard AND order_id = :id

-- name: by_keys
SELECT o.order_id, o.obligation_id, o.person_id, o.card_id, o.payout_id, o.part, o.fen, o.key,
       o.due, o.state, o.made_by, o.approved_by, o.replaces, o.settlement_missing, o.sequence,
       o.bank_code, o.bank_text, o.version
FROM EACH_TEXT(:keys) k
JOIN pay_order_name n ON n.key = k.value
JOIN pay_order o ON o.shard = n.at_shard AND o.order_id = n.order_id

-- name: of_obligation
SELECT order_id, obligation_id, person_id, card_id, payout_id, part, fen, key, due, state, made_by,
       approved_by, replaces, settlement_missing, sequence, bank_code, bank_text, version
FROM pay_order WHERE shard = :shard AND obligation_id = :obligation ORDER BY order_id

-- name: of_obligations
SELECT o.order_id, o.obligation_id, o.person_id, o.card_id, o.payout_id, o.part, o.fen, o.key,
       o.due, o.state, o.made_by, o.approved_by, o.replaces, o.settlement_missing, o.sequence,
       o.bank_code, o.bank_text, o.version
FROM EACH_ID(:obligations) j
JOIN pay_order o ON o.shard = j.value >> 53 AND o.obligation_id = j.value
ORDER BY o.order_id

-- name: of_payout
-- fanout: a pay-out holds orders for people of every shard
SELECT order_id, obligation_id, person_id, card_id, payout_id, part, fen, key, due, state, made_by,
       approved_by, replaces, settlement_missing, sequence, bank_code, bank_text, version
FROM pay_order WHERE payout_id = :payout AND (CAST(:part AS BIGINT) IS NULL OR part = :part)
ORDER BY part, order_id

-- name: put
UPDATE pay_order
SET card_id = ?, part = ?, state = ?, approved_by = ?, settlement_missing = ?, sequence = ?,
    bank_code = ?, bank_text = ?, version = version + 1
WHERE shard = ? AND order_id = ? AND version = ?

-- name: in_flight
-- fanout: finance sees what is on its way to people of every shard
SELECT state, count(*) FROM pay_order
WHERE state IN ('APPROVED', 'BATCHED', 'SENT', 'UNKNOWN', 'ACCEPTED') GROUP BY state
