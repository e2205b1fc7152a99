-- Under which key the indexes of people are filed, and how far walks towards a new key have come.
-- A city's first keys have the same numbers everywhere: 2 for documents, 3 for mobiles.

CREATE TABLE index_key (
    field  TEXT COLLATE "C" PRIMARY KEY CHECK (field IN ('document', 'mobile')),
    key_id BIGINT           NOT NULL
);
INSERT INTO index_key (field, key_id) VALUES ('document', 2), ('mobile', 3);

CREATE TABLE key_walk (
    walk     TEXT COLLATE "C" PRIMARY KEY,
    at_shard BIGINT           NOT NULL,              -- the last row that was looked at
    at_id    BIGINT           NOT NULL,
    seen     BIGINT           NOT NULL,
    changed  BIGINT           NOT NULL,
    ended    BIGINT           NOT NULL CHECK (ended IN (0, 1))
);
