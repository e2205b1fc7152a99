-- name: add
INSERT INTO custody_list (list_id, organisation_id, event, batch_id, state, made_by, made_at, note,
                          version)
VALUES (:id, :organisation, :event, :batch, :state, :made_by, :made, :note, 0)

-- name: add_item
INSERT INTO custody_item (shard, list_id, card_id, there) VALUES (?, ?, ?, ?)

-- name: get
SELECT l.list_id, l.organisation_id, l.event, l.batch_id, l.state, l.made_by, l.made_at,
       l.signed_by, l.signed_at, l.note, l.version
FROM custody_list l JOIN organisation o ON o.organisation_id = l.organisation_id
WHERE l.list_id = :id AND o.path >= :low AND o.path < :high

-- name: of_batch
SELECT l.list_id, l.organisation_id, l.event, l.batch_id, l.state, l.made_by, l.made_at,
       l.signed_by, l.signed_at, l.note, l.version
FROM custody_list l JOIN organisation o ON o.organisation_id = l.organisation_id
WHERE l.batch_id = :batch AND o.path >= :low AND o.path < :high
ORDER BY l.list_id

-- name: items
-- fanout: the pieces of a list belong to people of every shard
SELECT card_id, there FROM custody_item WHERE list_id = :id ORDER BY card_id

-- name: put
UPDATE custody_list
SET state = :state, signed_by = :signed_by, signed_at = :signed, version = :version + 1
WHERE list_id = :id AND version = :version
