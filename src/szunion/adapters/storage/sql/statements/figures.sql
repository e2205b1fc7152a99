-- Each counts a range of shards; who is a member is said once, in the same words. The range is said
-- of every table that is joined: PostgreSQL then reads each once and hashes it, where it would look
-- every member up in each. SQLite begins where a CROSS JOIN begins, with what there is least of: it
-- would begin with all cards and members.

-- name: shapes
-- fanout: a range of shards, given by its ends; a union is looked up once for all its members
SELECT g.organisation_id, g.state, g.reason, g.programme, g.bank_state, g.bank_conflict,
       g.union_state, g.union_reason, g.members
FROM (SELECT m.organisation_id, m.state, m.reason, c.programme, c.bank_state, c.bank_conflict,
             c.union_state, c.union_reason, count(*) AS members
      FROM membership m
      LEFT JOIN card c ON c.shard = m.shard AND c.person_id = m.person_id
                      AND c.shard >= :first AND c.shard < :last
                      AND c.programme = :programme AND c.current = 1
      WHERE m.shard >= :first AND m.shard < :last
        AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
        AND NOT EXISTS (SELECT 1 FROM membership n
                        WHERE n.shard = m.shard AND n.person_id = m.person_id
                          AND n.shard >= :first AND n.shard < :last
                          AND n.membership_id > m.membership_id)
        AND NOT EXISTS (SELECT 1 FROM card_hold h
                        WHERE h.shard = c.shard AND h.card_id = c.card_id
                          AND h.shard >= :first AND h.shard < :last AND h.state = 'OPEN')
      GROUP BY m.organisation_id, m.state, m.reason, c.programme, c.bank_state, c.bank_conflict,
               c.union_state, c.union_reason) g
JOIN organisation o ON o.organisation_id = g.organisation_id
WHERE o.path >= :low AND o.path < :high

-- name: held
-- fanout: a range of shards, given by its ends
SELECT m.person_id, m.organisation_id, m.state, m.reason, c.programme, c.bank_state,
       c.bank_conflict, c.union_state, c.union_reason,
       h.hold_id, h.card_id, h.owner, h.reason, h.since, h.until, h.state, h.placed_as, h.note
FROM card_hold h
CROSS JOIN card c
JOIN membership m ON m.shard = c.shard AND m.person_id = c.person_id
JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE h.shard >= :first AND h.shard < :last AND h.state = 'OPEN'
  AND c.shard = h.shard AND c.card_id = h.card_id AND c.programme = :programme AND c.current = 1
  AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND o.path >= :low AND o.path < :high
  AND NOT EXISTS (SELECT 1 FROM membership n WHERE n.shard = m.shard AND n.person_id = m.person_id
                                               AND n.shard >= :first AND n.shard < :last
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
-- fanout: a range of shards, given by its ends; the files of those who are alike come as one row
SELECT m.organisation_id, m.state, m.reason, c.programme, c.bank_state, c.bank_conflict,
       c.union_state, c.union_reason, p.sealed IS NOT NULL AND s.salt IS NOT NULL,
       LISTED(CAST(m.person_id AS TEXT), ','), LISTED(CAST(length(p.sealed) AS TEXT), ','),
       JOINED(p.sealed), JOINED(s.salt)
FROM membership m
JOIN organisation o ON o.organisation_id = m.organisation_id
LEFT JOIN card c ON c.shard = m.shard AND c.person_id = m.person_id
                AND c.shard >= :first AND c.shard < :last
                AND c.programme = :programme AND c.current = 1
LEFT JOIN person p ON p.shard = m.shard AND p.person_id = m.person_id
                  AND p.shard >= :first AND p.shard < :last
LEFT JOIN person_salt s ON s.shard = m.shard AND s.person_id = m.person_id
                       AND s.shard >= :first AND s.shard < :last
WHERE m.shard >= :first AND m.shard < :last
  AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND o.path >= :low AND o.path < :high
  AND NOT EXISTS (SELECT 1 FROM membership n WHERE n.shard = m.shard AND n.person_id = m.person_id
                                               AND n.shard >= :first AND n.shard < :last
                                               AND n.membership_id > m.membership_id)
  AND NOT EXISTS (SELECT 1 FROM card_hold h WHERE h.shard = c.shard AND h.card_id = c.card_id
                                              AND h.shard >= :first AND h.shard < :last
                                              AND h.state = 'OPEN')
GROUP BY m.organisation_id, m.state, m.reason, c.programme, c.bank_state, c.bank_conflict,
         c.union_state, c.union_reason, p.sealed IS NOT NULL AND s.salt IS NOT NULL

-- name: activations
-- fanout: a range of shards, given by its ends; days are counted in the city's time
SELECT a.organisation_id, a.day, count(*)
FROM (SELECT m.organisation_id, (min(f.effective) + 28800000000) / 86400000000 AS day
      FROM card_fact f
      CROSS JOIN card c
      JOIN membership m ON m.shard = c.shard AND m.person_id = c.person_id
                       AND m.shard >= :first AND m.shard < :last
      JOIN organisation o ON o.organisation_id = m.organisation_id
      WHERE f.shard >= :first AND f.shard < :last AND f.event = 'activated'
        AND c.shard = f.shard AND c.card_id = f.card_id AND c.programme = :programme
        AND c.shard >= :first AND c.shard < :last AND c.current = 1
        AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
        AND o.path >= :low AND o.path < :high
        AND NOT EXISTS (SELECT 1 FROM membership n
                        WHERE n.shard = m.shard AND n.person_id = m.person_id
                          AND n.shard >= :first AND n.shard < :last
                          AND n.membership_id > m.membership_id)
      GROUP BY c.card_id, m.organisation_id) a
GROUP BY a.organisation_id, a.day

-- name: uses
-- fanout: a range of shards, given by its ends
SELECT m.organisation_id, (p.at + 28800000000) / 86400000000, count(*)
FROM participation p
CROSS JOIN membership m
JOIN organisation o ON o.organisation_id = m.organisation_id
WHERE p.shard >= :first AND p.shard < :last AND p.corrects IS NULL
  AND m.shard = p.shard AND m.person_id = p.person_id
  AND m.shard >= :first AND m.shard < :last
  AND m.state IN ('APPLIED', 'ACTIVE', 'RETAINED')
  AND o.path >= :low AND o.path < :high
  AND NOT EXISTS (SELECT 1 FROM membership n WHERE n.shard = m.shard AND n.person_id = m.person_id
                                               AND n.shard >= :first AND n.shard < :last
                                               AND n.membership_id > m.membership_id)
  AND NOT EXISTS (SELECT 1 FROM participation k
                  WHERE k.shard = p.shard AND k.shard >= :first AND k.shard < :last
                    AND k.person_id = p.person_id
                    AND k.corrects = p.participation_id)
GROUP BY m.organisation_id, (p.at + 28800000000) / 86400000000
