-- The tree of the audit log is kept as tiles of 256 hashes, and witnesses sign its checkpoints.
-- The entries stay as they are; the tree is made of them again, so the sealer begins anew: the same
-- leaves give the same roots, and a checkpoint that was kept outside still fits.

DROP TABLE audit_leaf;
DROP TABLE audit_checkpoint;

ALTER TABLE audit ADD COLUMN committed TEXT COLLATE "C" NOT NULL DEFAULT '';

CREATE TABLE audit_tile (
    level  BIGINT NOT NULL,                          -- 0: leaves; 8, 16, …: roots of 256, 65,536, …
    number BIGINT NOT NULL,                          -- from the left; a tile holds up to 256 hashes
    hashes BYTEA  NOT NULL CHECK (length(hashes) % 32 = 0 AND length(hashes) BETWEEN 32 AND 8192),
    PRIMARY KEY (level, number)
);

CREATE TABLE audit_checkpoint (
    size      BIGINT           PRIMARY KEY,
    last      BIGINT           NOT NULL,             -- the last audit.place it covers
    at        BIGINT           NOT NULL,
    origin    TEXT COLLATE "C" NOT NULL,
    edge      BYTEA            NOT NULL,
    key_id    BYTEA            NOT NULL CHECK (length(key_id) = 4),
    signature BYTEA            NOT NULL
);
CREATE UNIQUE INDEX audit_checkpoint_last ON audit_checkpoint (last);

CREATE TABLE audit_cosignature (                     -- who outside has seen a checkpoint
    size      BIGINT           NOT NULL REFERENCES audit_checkpoint (size),
    witness   TEXT COLLATE "C" NOT NULL,
    key_id    BYTEA            NOT NULL CHECK (length(key_id) = 4),
    signature BYTEA            NOT NULL,             -- the witness's time in 8 bytes, its signature
    PRIMARY KEY (size, witness)
);
