-- What stays of an erased person's documents: nothing but the answer to "was it this one?".
-- A stone is a key's number (4), a salt (16) and a MAC (16); its key is none of the index keys.

CREATE TABLE person_tombstone (
    shard     BIGINT NOT NULL,                       -- of the document's number
    person_id BIGINT NOT NULL,                       -- the pseudonym that memberships and money keep
    stone     BYTEA  NOT NULL CHECK (length(stone) = 36),
    erased    BIGINT NOT NULL,
    PRIMARY KEY (shard, person_id, stone)
);

-- Who was merged into a person is erased with that person.
CREATE INDEX person_merged ON person (merged_into) WHERE merged_into IS NOT NULL;
