-- name: run_of
SELECT import_id, organisation_id, sha256, actor, began, ended, last_line, added, changed,
       unchanged, rejected
FROM roster_import WHERE organisation_id = :organisation AND sha256 = :sha256

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
SELECT wanted.key, d.person_id
FROM json_each(:shards) wanted
JOIN person_document d
  ON d.shard = wanted.value AND d.blind = substr(:blinds, 16 * wanted.key + 1, 16) AND d.rank = 0

-- name: file_people
INSERT INTO person (shard, person_id, sealed, merged_into, version)
SELECT CAST(j.key AS INTEGER) >> 53, CAST(j.key AS INTEGER),
       substr(:sealed, (j.value >> 16) + 1, j.value & 65535), NULL, 0
FROM json_each(:places) j

-- name: file_salts
INSERT INTO person_salt (shard, person_id, salt)
SELECT j.value >> 53, j.value, substr(:salts, 16 * j.key + 1, 16)
FROM json_each(:persons) j

-- name: file_documents
INSERT INTO person_document (shard, blind, rank, person_id)
SELECT j.value >> 53, substr(:blinds, 16 * j.key + 1, 16), 0, j.value
FROM json_each(:persons) j

-- name: file_mobiles
INSERT INTO person_mobile (shard, blind, person_id)
SELECT j.value >> 32, substr(:blinds, 16 * (j.value & 4294967295) + 1, 16),
       CAST(j.key AS INTEGER)
FROM json_each(:places) j

-- name: admit
INSERT INTO membership (shard, person_id, membership_id, state, organisation_id, applied, since,
                        until, reason, survivor_id, version, holds_from, recorded)
SELECT CAST(j.key AS INTEGER) >> 53, CAST(j.key AS INTEGER), CAST(j.key AS INTEGER), 'ACTIVE',
       :union, j.value, j.value, NULL, NULL, NULL, 0, j.value, :at
FROM json_each(:since) j

-- name: affiliate
INSERT INTO affiliation (shard, person_id, affiliation_id, membership_id, organisation_id, since,
                         until, recorded, superseded)
SELECT CAST(j.key AS INTEGER) >> 53, CAST(j.key AS INTEGER), CAST(j.key AS INTEGER),
       CAST(j.key AS INTEGER), :union, j.value, NULL, :at, NULL
FROM json_each(:since) j

-- name: log
INSERT INTO audit (shard, audit_id, person_id, at, actor, role, node, purpose, action, subject,
                   before, after, reason)
SELECT j.value >> 53, j.value, j.value, :at, :actor, :role, :node, :purpose,
       'membership.import', j.value, '', 'ACTIVE', :reason
FROM json_each(:persons) j

-- name: kinds
SELECT kind FROM document_kind

-- name: add_kind
INSERT INTO document_kind (kind) VALUES (?) ON CONFLICT (kind) DO NOTHING
