-- name: add
INSERT INTO offer (offer_id, item, title, title_en, stock, taken, per_person, opens, closes, ends,
                   waiting_list, version)
VALUES (:id, :item, :title, :title_en, :stock, :taken, :per_person, :opens, :closes, :ends,
        :waiting_list, 0)

-- name: get
SELECT offer_id, item, title, title_en, stock, taken, per_person, opens, closes, ends,
       waiting_list, version
FROM offer WHERE offer_id = :id

-- name: some
SELECT offer_id, item, title, title_en, stock, taken, per_person, opens, closes, ends,
       waiting_list, version
FROM offer WHERE offer_id IN (SELECT o.value FROM EACH_ID(:offers) o)

-- name: open
SELECT offer_id, item, title, title_en, stock, taken, per_person, opens, closes, ends,
       waiting_list, version
FROM offer WHERE closes > :now ORDER BY closes, offer_id

-- name: take
UPDATE offer SET taken = taken + :places, version = version + 1
WHERE offer_id = :id AND taken + :places <= stock

-- name: give_back
UPDATE offer SET taken = taken - :places, version = version + 1
WHERE offer_id = :id AND taken >= :places
