-- name: run_of
-- Locked: another desk that imports the same file goes on from what this one has kept.
SELECT import_id, organisation_id, sha256, actor, began, ended, last_line, added, changed,
       unchanged, rejected
FROM roster_import WHERE organisation_id = :organisation AND sha256 = :sha256 FOR_UPDATE

-- name: add_run
INSERT INTO roster_import (import_id, organisation_id, sha256, actor, began, ended, last_line,
                           added, changed, unchanged, rejected)
VALUES (:id, :organisation, :sha256, :actor, :began, :ended, :last_line, :added, :changed,
        :unchanged, :rejected)

-- name: put_run
UPDATE roster_import
SET ended = :ended, last_line = :last_line, added = :added, changed = :changed,
    unchanged = :unchanged, rejected = :rejected
WHERE import_id = :id

-- name: on_file
-- fanout: the documents of one file lie in many shards; each is met by its key
SELECT wanted.place, d.person_id
FROM CHUNK(shard SHARD, blind KEY) wanted
JOIN person_document d ON d.shard = wanted.shard AND d.blind = wanted.blind AND d.rank = 0

-- name: file_people
INSERT INTO person (shard, person_id, sealed, merged_into, version)
SELECT c.person >> 53, c.person, c.sealed, NULL, 0 FROM CHUNK(person ID, sealed BLOB) c

-- name: file_salts
INSERT INTO person_salt (shard, person_id, salt)
SELECT c.person >> 53, c.person, c.salt FROM CHUNK(person ID, salt KEY) c

-- name: file_documents
INSERT INTO person_document (shard, blind, rank, person_id)
SELECT c.shard, c.blind, 0, c.person FROM CHUNK(person ID, shard SHARD, blind KEY) c

-- name: file_mobiles
INSERT INTO person_mobile (shard, blind, person_id)
SELECT c.shard, c.blind, c.person FROM CHUNK(person ID, shard SHARD, blind KEY) c

-- name: admit
INSERT INTO membership (shard, person_id, membership_id, state, organisation_id, applied, since,
                        until, reason, survivor_id, version, holds_from, recorded)
SELECT c.person >> 53, c.person, c.person, 'ACTIVE', :union, c.day, c.day, NULL, NULL, NULL, 0,
       c.day, :at
FROM CHUNK(person ID, day DAY) c

-- name: affiliate
INSERT INTO affiliation (shard, person_id, affiliation_id, membership_id, organisation_id, since,
                         until, recorded, superseded)
SELECT c.person >> 53, c.person, c.person, c.person, :union, c.day, NULL, :at, NULL
FROM CHUNK(person ID, day DAY) c

-- name: log
INSERT INTO audit (shard, audit_id, person_id, at, actor, role, node, purpose, action, subject,
                   before, after, reason)
SELECT c.person >> 53, c.person, c.person, :at, :actor, :role, :node, :purpose,
       'membership.import', c.person, '', 'ACTIVE', :reason
FROM CHUNK(person ID) c

-- name: union_stands
-- Changes nothing, and is a change: a decision on this union that was made on what was there before
-- is made again. Who has changed it first leaves nothing to be found.
UPDATE organisation SET version = version
WHERE organisation_id = :id AND state = 'ACTIVE' AND path >= :low AND path < :high

-- name: kinds
SELECT kind FROM document_kind

-- name: add_kind
INSERT INTO document_kind (kind) VALUES (?) ON CONFLICT (kind) DO NOTHING
