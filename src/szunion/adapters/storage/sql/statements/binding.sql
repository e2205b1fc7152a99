-- name: get
SELECT binding_id, portal, account, person_id, state, identity_version, wrong, window_began,
       locked_until, bound, version
FROM binding WHERE shard = :shard AND portal = :portal AND account = :account

-- name: of_person
-- fanout: an account lies in the shard of its own name, which the person's own row gives
WITH tied AS MATERIALIZED (
    SELECT binding_shard, portal, account FROM binding_of_person
    WHERE shard = :shard AND person_id = :person
)
SELECT b.binding_id, b.portal, b.account, b.person_id, b.state, b.identity_version, b.wrong,
       b.window_began, b.locked_until, b.bound, b.version
FROM tied t
JOIN binding b ON b.shard = t.binding_shard AND b.portal = t.portal AND b.account = t.account
ORDER BY coalesce(b.bound, 0), b.binding_id

-- name: add
INSERT INTO binding (shard, binding_id, portal, account, person_id, state, identity_version, wrong,
                     window_began, locked_until, bound, version)
VALUES (:shard, :id, :portal, :account, :person, :state, :identity_version, :wrong,
        :window_began, :locked_until, :bound, :version)

-- name: put
UPDATE binding
SET person_id = :person, state = :state, identity_version = :identity_version, wrong = :wrong,
    window_began = :window_began, locked_until = :locked_until, bound = :bound,
    version = version + 1
WHERE shard = :shard AND portal = :portal AND account = :account AND version = :version

-- name: tie
INSERT INTO binding_of_person (shard, person_id, binding_shard, portal, account)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (shard, person_id, portal, account) DO NOTHING

-- name: untie
DELETE FROM binding_of_person
WHERE shard = ? AND person_id = ? AND portal = ? AND account = ?
