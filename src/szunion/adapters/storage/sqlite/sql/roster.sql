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

-- name: kinds
SELECT kind FROM document_kind

-- name: add_kind
INSERT INTO document_kind (kind) VALUES (?) ON CONFLICT (kind) DO NOTHING
