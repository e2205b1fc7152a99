-- A card is read with its holds and facts; who sees the newest membership sees the card.

-- name: add
INSERT INTO card (shard, card_id, person_id, programme, row_id, token_sealed, token_index, psn,
                  last_four, account_class, bank_state, bank_sequence, bank_conflict, bank_gap,
                  union_state, union_reason, union_sequence, custody, holder, current, replaces,
                  replaced_by, born, version)
VALUES (:shard, :id, :person, :programme, :row, :token_sealed, :token_index, :psn,
        :last_four, :account_class, :bank_state, :bank_sequence, :bank_conflict, :bank_gap,
        :union_state, :union_reason, :union_sequence, :custody, :holder, :current, :replaces,
        :replaced_by, :born, 0)

-- name: add_name
INSERT INTO bank_name (kind, name, at_shard, id) VALUES ('CARD', ?, ?, ?)

-- name: place_of_name
SELECT id FROM bank_name WHERE kind = 'CARD' AND name = :name

-- name: places_of_token
SELECT id FROM bank_name WHERE kind = 'CARD' AND name >= :low AND name < :high

-- name: usable
-- fanout: a status list holds the cards of every shard
SELECT card_id, person_id, token_sealed, psn FROM card
WHERE current = 1 AND bank_state = 'ACTIVE' AND bank_conflict = 0 AND union_state = 'ENABLED'
  AND NOT EXISTS (SELECT 1 FROM card_hold h
                  WHERE h.shard = card.shard AND h.card_id = card.card_id AND h.state = 'OPEN')

-- name: get
-- The card, and beside it what `told` says of it, line by line; a card of which there is nothing to
-- say is there once.
SELECT c.card_id, c.person_id, c.programme, c.row_id, c.token_sealed, c.psn, c.last_four,
       c.account_class, c.bank_gap, c.union_state, c.union_reason, c.union_sequence, c.custody,
       c.holder, c.current, c.replaces, c.replaced_by, c.born, c.version,
       t.what, c.card_id, t.place, t.name, t.digest, t.id, t.word, t.state, t.one, t.two, t.reason,
       t.note
FROM card c LEFT JOIN (
    SELECT 0 AS what, f.sequence AS place, f.event_id AS name, f.digest AS digest, 0 AS id,
           f.event AS word, f.state AS state, f.effective AS one, f.received AS two, NULL AS reason,
           NULL AS note
    FROM card_fact f WHERE f.shard = :shard AND f.card_id = :id
    UNION ALL
    SELECT 1, h.since, '', '', h.hold_id, h.placed_as, h.state, h.owner, h.until, h.reason, h.note
    FROM card_hold h WHERE h.shard = :shard AND h.card_id = :id) t ON 1 = 1
WHERE c.shard = :shard AND c.card_id = :id
ORDER BY t.what, t.place, t.name, t.digest, t.id

-- name: of_person
SELECT card_id, person_id, programme, row_id, token_sealed, psn, last_four, account_class, bank_gap,
       union_state, union_reason, union_sequence, custody, holder, current, replaces, replaced_by,
       born, version
FROM card WHERE shard = :shard AND person_id = :person ORDER BY card_id

-- name: of_people
SELECT c.card_id, c.person_id, c.programme, c.row_id, c.token_sealed, c.psn, c.last_four,
       c.account_class, c.bank_gap, c.union_state, c.union_reason, c.union_sequence, c.custody,
       c.holder, c.current, c.replaces, c.replaced_by, c.born, c.version
FROM EACH_ID(:ids) p
JOIN card c ON c.shard = p.value >> 53 AND c.person_id = p.value
ORDER BY c.card_id

-- name: of_rows
SELECT c.card_id, c.person_id, c.programme, c.row_id, c.token_sealed, c.psn, c.last_four,
       c.account_class, c.bank_gap, c.union_state, c.union_reason, c.union_sequence, c.custody,
       c.holder, c.current, c.replaces, c.replaced_by, c.born, c.version
FROM EACH_ID(:ids) p
JOIN card c ON c.shard = p.value >> 53 AND c.row_id = p.value
ORDER BY c.card_id

-- name: held_by
-- fanout: the pieces in a union's drawer belong to people of every shard
SELECT card_id, person_id, programme, row_id, token_sealed, psn, last_four, account_class, bank_gap,
       union_state, union_reason, union_sequence, custody, holder, current, replaces, replaced_by,
       born, version
FROM card WHERE holder = :holder ORDER BY card_id

-- name: seen
SELECT p.value
FROM EACH_ID(:people) p
JOIN membership m ON m.shard = p.value >> 53 AND m.person_id = p.value
JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE o.path >= :low AND o.path < :high
  AND m.membership_id = (SELECT max(n.membership_id) FROM membership n
                         WHERE n.shard = m.shard AND n.person_id = m.person_id)

-- name: put
UPDATE card
SET person_id = :person, row_id = :row, last_four = :last_four, account_class = :account_class,
    bank_state = :bank_state, bank_sequence = :bank_sequence, bank_conflict = :bank_conflict,
    bank_gap = :bank_gap, union_state = :union_state, union_reason = :union_reason,
    union_sequence = :union_sequence, custody = :custody, holder = :holder, current = :current,
    replaces = :replaces, replaced_by = :replaced_by, version = :version + 1
WHERE shard = :shard AND card_id = :id AND version = :version

-- name: note
INSERT INTO card_standing (shard, card_id, version, person_id, recorded, union_state, union_reason,
                           union_sequence, current, replaced_by, holds)
SELECT c.shard, c.card_id, :version, :person, :recorded, :union_state, :union_reason,
       :union_sequence, :current, :replaced_by, :holds
FROM card c
WHERE c.shard = :shard AND c.card_id = :id AND NOT EXISTS (
    SELECT 1 FROM card_standing s
    WHERE s.shard = :shard AND s.card_id = :id AND s.version = (
        SELECT max(t.version) FROM card_standing t
        WHERE t.shard = :shard AND t.card_id = :id)
      AND s.union_state = :union_state AND s.union_sequence = :union_sequence
      AND s.current = :current AND coalesce(s.replaced_by, 0) = coalesce(CAST(:replaced_by AS BIGINT), 0)
      AND s.person_id = :person AND s.holds = :holds)

-- name: standings
SELECT s.card_id, s.version, s.recorded, s.union_state, s.union_reason, s.union_sequence,
       s.current, s.replaced_by, s.holds
FROM card c JOIN card_standing s ON s.shard = c.shard AND s.card_id = c.card_id
WHERE c.shard = :shard AND c.person_id = :person
ORDER BY s.recorded, s.card_id, s.version

-- name: facts
SELECT f.card_id, f.event_id, f.digest, f.sequence, f.event, f.state, f.effective, f.received
FROM EACH_ID(:ids) p
JOIN card_fact f ON f.shard = p.value >> 53 AND f.card_id = p.value
ORDER BY f.card_id, f.sequence, f.event_id, f.digest

-- name: add_fact
INSERT INTO card_fact (shard, card_id, event_id, digest, sequence, event, state, effective,
                       received)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (shard, card_id, event_id, digest) DO NOTHING

-- name: told
-- Facts (0) and holds (1) in one answer; what a column means is said in SqlCards.
SELECT 0 AS what, f.card_id AS card, f.sequence AS place, f.event_id AS name, f.digest AS digest,
       0 AS id, f.event AS word, f.state AS state, f.effective AS one, f.received AS two,
       NULL AS reason, NULL AS note
FROM EACH_ID(:ids) p
JOIN card_fact f ON f.shard = p.value >> 53 AND f.card_id = p.value
UNION ALL
SELECT 1, h.card_id, h.since, '', '', h.hold_id, h.placed_as, h.state, h.owner, h.until,
       h.reason, h.note
FROM EACH_ID(:ids) p
JOIN card_hold h ON h.shard = p.value >> 53 AND h.card_id = p.value
ORDER BY what, card, place, name, digest, id

-- name: keep_hold
INSERT INTO card_hold (shard, hold_id, card_id, person_id, owner, reason, since, until, state,
                       placed_as, note)
VALUES (:shard, :id, :card, :person, :owner, :reason, :since, :until, :state,
        :placed_as, :note)
ON CONFLICT (shard, hold_id) DO UPDATE
SET card_id = excluded.card_id, owner = excluded.owner, until = excluded.until,
    state = excluded.state, note = excluded.note
WHERE card_hold.person_id = excluded.person_id

-- name: ending_holds
-- fanout: the engine of a node looks at every shard of its node
SELECT DISTINCT card_id FROM card_hold
WHERE state = 'OPEN' AND until IS NOT NULL AND until <= :now
ORDER BY card_id LIMIT :most

-- name: holds_of
-- fanout: what a union has locked is in every shard
SELECT hold_id, card_id, owner, reason, since, until, state, placed_as, note
FROM card_hold WHERE owner = :owner AND state = 'OPEN' ORDER BY hold_id

-- name: holds_on
SELECT hold_id, card_id, owner, reason, since, until, state, placed_as, note
FROM card_hold WHERE shard = :shard AND person_id = :person ORDER BY hold_id

-- name: states
-- fanout: of every card of the node
SELECT token_index, psn, bank_state, card_id FROM card

-- name: records
-- fanout: the daily list is compared with every card of the node
SELECT token_index, psn, bank_state, card_id FROM card
