-- name: get
SELECT item, argument, responsible, people, resources, since, version
FROM project WHERE item = :item

-- name: add
INSERT INTO project (item, argument, responsible, people, resources, since, version)
VALUES (:item, :argument, :responsible, :people, :resources, :since, 0)

-- name: put
UPDATE project
SET argument = :argument, responsible = :responsible, people = :people, resources = :resources,
    since = :since, version = version + 1
WHERE item = :item AND version = :version
