-- Each counts a range of shards; who is a member is said once, in the same words.

-- name: shapes
-- fanout: a range of shards, given by its ends
SELECT m.organisation_id, m.state, m.reason, c.programme, c.bank_state, c.bank_conflict,
       c.union_state, c.union_reason, count(*)
FROM membership m
JOIN organisation o ON o.organisation_id = m.organisation_id
LEFT JOIN card c ON c.shard = m.shard AND c.person_id = m.person_id
                AND c.programme = :programme AND c.current = 1
WHERE m.shard >= :first AND m.shard < :last
  AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND o.path >= :low AND o.path < :high
  AND NOT EXISTS (SELECT 1 FROM membership n WHERE n.shard = m.shard AND n.person_id = m.person_id
                                               AND n.membership_id > m.membership_id)
  AND NOT EXISTS (SELECT 1 FROM card_hold h WHERE h.shard = c.shard AND h.card_id = c.card_id
                                              AND h.state = 'OPEN')
GROUP BY m.organisation_id, m.state, m.reason, c.programme, c.bank_state, c.bank_conflict,
         c.union_state, c.union_reason

-- name: held
-- fanout: a range of shards, given by its ends
SELECT m.person_id, m.organisation_id, m.state, m.reason, c.programme, c.bank_state,
       c.bank_conflict, c.union_state, c.union_reason,
       h.hold_id, h.card_id, h.owner, h.reason, h.since, h.until, h.state, h.placed_as, h.note
FROM card_hold h
JOIN card c ON c.shard = h.shard AND c.card_id = h.card_id
           AND c.programme = :programme AND c.current = 1
JOIN membership m ON m.shard = c.shard AND m.person_id = c.person_id
JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE h.shard >= :first AND h.shard < :last AND h.state = 'OPEN'
  AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND o.path >= :low AND o.path < :high
  AND NOT EXISTS (SELECT 1 FROM membership n WHERE n.shard = m.shard AND n.person_id = m.person_id
                                               AND n.membership_id > m.membership_id)
ORDER BY m.person_id, h.hold_id

-- name: each
-- fanout: the members of one union lie in all shards of a node
SELECT m.person_id, m.organisation_id, m.state, m.reason, c.programme, c.bank_state,
       c.bank_conflict, c.union_state, c.union_reason,
       h.hold_id, h.card_id, h.owner, h.reason, h.since, h.until, h.state, h.placed_as, h.note
FROM EACH_ID(:unions) u
JOIN membership m ON m.organisation_id = u.value
JOIN organisation o ON o.organisation_id = m.organisation_id
LEFT JOIN card c ON c.shard = m.shard AND c.person_id = m.person_id
                AND c.programme = :programme AND c.current = 1
LEFT JOIN card_hold h ON h.shard = c.shard AND h.card_id = c.card_id AND h.state = 'OPEN'
WHERE m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND o.path >= :low AND o.path < :high
  AND NOT EXISTS (SELECT 1 FROM membership n WHERE n.shard = m.shard AND n.person_id = m.person_id
                                               AND n.membership_id > m.membership_id)
ORDER BY o.path, m.person_id, h.hold_id

-- name: by_gender
-- fanout: a range of shards, given by its ends
SELECT m.organisation_id, m.state, m.reason, c.programme, c.bank_state, c.bank_conflict,
       c.union_state, c.union_reason, m.person_id, p.sealed, s.salt
FROM membership m
JOIN organisation o ON o.organisation_id = m.organisation_id
LEFT JOIN card c ON c.shard = m.shard AND c.person_id = m.person_id
                AND c.programme = :programme AND c.current = 1
LEFT JOIN person p ON p.shard = m.shard AND p.person_id = m.person_id
LEFT JOIN person_salt s ON s.shard = m.shard AND s.person_id = m.person_id
WHERE m.shard >= :first AND m.shard < :last
  AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND o.path >= :low AND o.path < :high
  AND NOT EXISTS (SELECT 1 FROM membership n WHERE n.shard = m.shard AND n.person_id = m.person_id
                                               AND n.membership_id > m.membership_id)
  AND NOT EXISTS (SELECT 1 FROM card_hold h WHERE h.shard = c.shard AND h.card_id = c.card_id
                                              AND h.state = 'OPEN')

-- name: activations
-- fanout: a range of shards, given by its ends; days are counted in the city's time
SELECT a.organisation_id, a.day, count(*)
FROM (SELECT m.organisation_id, (min(f.effective) + 28800000000) / 86400000000 AS day
      FROM card c
      JOIN membership m ON m.shard = c.shard AND m.person_id = c.person_id
      JOIN organisation o ON o.organisation_id = m.organisation_id
      JOIN card_fact f ON f.shard = c.shard AND f.card_id = c.card_id AND f.event = 'activated'
      WHERE c.shard >= :first AND c.shard < :last AND c.programme = :programme AND c.current = 1
        AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
        AND o.path >= :low AND o.path < :high
        AND NOT EXISTS (SELECT 1 FROM membership n
                        WHERE n.shard = m.shard AND n.person_id = m.person_id
                          AND n.membership_id > m.membership_id)
      GROUP BY c.card_id, m.organisation_id) a
GROUP BY a.organisation_id, a.day

-- name: uses
-- fanout: a range of shards, given by its ends
SELECT m.organisation_id, (p.at + 28800000000) / 86400000000, count(*)
FROM participation p
JOIN membership m ON m.shard = p.shard AND m.person_id = p.person_id
JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE p.shard >= :first AND p.shard < :last AND p.corrects IS NULL
  AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND o.path >= :low AND o.path < :high
  AND NOT EXISTS (SELECT 1 FROM membership n WHERE n.shard = m.shard AND n.person_id = m.person_id
                                               AND n.membership_id > m.membership_id)
  AND NOT EXISTS (SELECT 1 FROM participation k
                  WHERE k.shard = p.shard AND k.person_id = p.person_id
                    AND k.corrects = p.participation_id)
GROUP BY m.organisation_id, (p.at + 28800000000) / 86400000000
