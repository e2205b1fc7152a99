-- name: add
INSERT INTO consent_word (shard, word_id, consent_id, person_id, event, purpose, recipient, notice,
                          sha256, channel, at, by_guardian, login, device, paper, image, follows)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: of_person
SELECT word_id, consent_id, person_id, event, purpose, recipient, notice, sha256, channel, at,
       by_guardian, login, device, paper, image, follows
FROM consent_word WHERE shard = :shard AND person_id = :person ORDER BY word_id

-- name: of_people
-- fanout: the caller's list of people may lie in many shards; each is met by its key
SELECT c.word_id, c.consent_id, c.person_id, c.event, c.purpose, c.recipient, c.notice, c.sha256,
       c.channel, c.at, c.by_guardian, c.login, c.device, c.paper, c.image, c.follows
FROM EACH_ID(:persons) wanted
JOIN consent_word c ON c.shard = wanted.value >> 53 AND c.person_id = wanted.value
ORDER BY c.person_id, c.word_id
