-- Each is asked once for a whole part of the bank's notices; every name is met by its key.

-- name: heard
SELECT i.source, i.event_id, i.kind, i.stream, i.sequence, i.digest, i.received, i.hearing,
       i.subject, i.copies, i.reason
FROM EACH_TEXT(:events) e CROSS JOIN inbox i
WHERE i.source = :source AND i.event_id = e.value

-- name: waiting
SELECT w.waiting_id, w.source, w.event_id, w.about, w.sealed, w.received
FROM EACH_TEXT(:abouts) a JOIN inbox_waiting w ON w.about = a.value
ORDER BY w.waiting_id

-- name: rows_named
SELECT a.row_id, a.batch_id, a.person_id, a.programme, a.number, a.attempt, a.key, a.state,
       a.identity_version, a.account_class, a.wish, a.problems, a.reason, a.bank_code, a.bank_text,
       a.sequence, a.missing, a.card_id, a.changed, a.version
FROM EACH_TEXT(:keys) k
CROSS JOIN bank_name n
JOIN application a ON a.shard = n.at_shard AND a.row_id = n.id
WHERE n.kind = 'ROW' AND n.name = k.value

-- name: rows
SELECT a.row_id, a.batch_id, a.person_id, a.programme, a.number, a.attempt, a.key, a.state,
       a.identity_version, a.account_class, a.wish, a.problems, a.reason, a.bank_code, a.bank_text,
       a.sequence, a.missing, a.card_id, a.changed, a.version
FROM EACH_ID(:ids) r JOIN application a ON a.shard = r.value >> 53 AND a.row_id = r.value

-- name: batches
SELECT b.batch_id, b.organisation_id, b.programme, b.state, b.created, b.created_by, b.submitted_by,
       b.approved_by, b.frozen, b.row_count, b.key, b.outcome, b.receipt_missing, b.moved_on,
       b.version
FROM EACH_ID(:ids) i JOIN batch b ON b.batch_id = i.value

-- name: row_counts
-- fanout: a batch's people are in every shard
SELECT a.batch_id, a.state, count(*)
FROM EACH_ID(:ids) i JOIN application a ON a.batch_id = i.value
GROUP BY a.batch_id, a.state

-- name: cards
SELECT c.card_id, c.person_id, c.programme, c.row_id, c.token_sealed, c.psn, c.last_four,
       c.account_class, c.bank_gap, c.union_state, c.union_reason, c.union_sequence, c.custody,
       c.holder, c.current, c.replaces, c.replaced_by, c.born, c.version
FROM EACH_ID(:ids) i JOIN card c ON c.shard = i.value >> 53 AND c.card_id = i.value

-- name: cards_named
SELECT c.card_id, c.person_id, c.programme, c.row_id, c.token_sealed, c.psn, c.last_four,
       c.account_class, c.bank_gap, c.union_state, c.union_reason, c.union_sequence, c.custody,
       c.holder, c.current, c.replaces, c.replaced_by, c.born, c.version
FROM EACH_TEXT(:names) k
CROSS JOIN bank_name n
JOIN card c ON c.shard = n.at_shard AND c.card_id = n.id
WHERE n.kind = 'CARD' AND n.name = k.value

-- name: bank_states
SELECT c.card_id, c.bank_state
FROM EACH_ID(:ids) p
JOIN card c ON c.shard = p.value >> 53 AND c.card_id = p.value

-- name: cards_called
SELECT n.name, n.id
FROM EACH_TEXT(:names) k CROSS JOIN bank_name n
WHERE n.kind = 'CARD' AND n.name = k.value

-- name: newest
SELECT m.person_id, m.membership_id, m.state, m.organisation_id, m.applied, m.since, m.until,
       m.reason, m.survivor_id, m.version
FROM EACH_ID(:people) p
JOIN membership m ON m.shard = p.value >> 53 AND m.person_id = p.value
WHERE m.membership_id = (SELECT max(n.membership_id) FROM membership n
                         WHERE n.shard = m.shard AND n.person_id = m.person_id)

-- name: face_signs
SELECT f.row_id, f.sequence, f.person_id, f.identity_version, f.result, f.effective, f.received,
       f.bank_code, f.bank_text
FROM EACH_ID(:people) p
JOIN face_sign f ON f.shard = p.value >> 53 AND f.person_id = p.value
ORDER BY f.row_id, f.sequence

-- name: obligations
SELECT o.obligation_id, o.key, o.person_id, o.item, o.year, o.fen, o.settled, o.in_flight,
       o.decided, o.decided_by, o.version
FROM EACH_ID(:ids) i
JOIN obligation o ON o.shard = i.value >> 53 AND o.obligation_id = i.value
