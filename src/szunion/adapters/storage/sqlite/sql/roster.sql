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

-- The columns of a chunk come as arrays of ids and, beside them, as blobs: of fixed width,
-- or, what is sealed, with the starts and lengths in columns of their own.

-- name: file_people
INSERT INTO person (shard, person_id, sealed, merged_into, version)
SELECT j.value >> 53, j.value,
       substr(:sealed, CAST(substr(:starts, 12 * j.key + 1, 12) AS INTEGER) + 1,
              CAST(substr(:lengths, 5 * j.key + 1, 5) AS INTEGER)),
       NULL, 0
FROM json_each(:persons) j

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
SELECT CAST(substr(:shards, 4 * j.key + 1, 4) AS INTEGER), substr(:blinds, 16 * j.key + 1, 16),
       j.value
FROM json_each(:persons) j

-- name: admit
INSERT INTO membership (shard, person_id, membership_id, state, organisation_id, applied, since,
                        until, reason, survivor_id, version, holds_from, recorded)
SELECT j.value >> 53, j.value, j.value, 'ACTIVE', :union,
       CAST(substr(:days, 10 * j.key + 1, 10) AS TEXT),
       CAST(substr(:days, 10 * j.key + 1, 10) AS TEXT), NULL, NULL, NULL, 0,
       CAST(substr(:days, 10 * j.key + 1, 10) AS TEXT), :at
FROM json_each(:persons) j

-- name: affiliate
INSERT INTO affiliation (shard, person_id, affiliation_id, membership_id, organisation_id, since,
                         until, recorded, superseded)
SELECT j.value >> 53, j.value, j.value, j.value, :union,
       CAST(substr(:days, 10 * j.key + 1, 10) AS TEXT), NULL, :at, NULL
FROM json_each(:persons) j

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
