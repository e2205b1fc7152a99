-- The tree of the audit log is kept as tiles of 256 hashes, and witnesses sign its checkpoints.
-- The entries stay as they are; the tree is made of them again, so the sealer begins anew: the same
-- leaves give the same roots, and a checkpoint that was kept outside still fits.

DROP TABLE audit_leaf;
DROP TABLE audit_checkpoint;

ALTER TABLE audit ADD COLUMN committed TEXT NOT NULL DEFAULT '';  -- JSON: of a personal value, a hash

CREATE TABLE audit_tile (
    level  INTEGER NOT NULL,                 -- 0: leaves; 8, 16, …: roots of 256, 65,536, … of them
    number INTEGER NOT NULL,                 -- from the left; a tile holds up to 256 hashes
    hashes BLOB    NOT NULL CHECK (length(hashes) % 32 = 0 AND length(hashes) BETWEEN 32 AND 8192),
    PRIMARY KEY (level, number)
) STRICT;

CREATE TABLE audit_checkpoint (
    size      INTEGER PRIMARY KEY,
    last      INTEGER NOT NULL,              -- the last audit.place it covers
    at        INTEGER NOT NULL,
    origin    TEXT    NOT NULL,
    edge      BLOB    NOT NULL,
    key_id    BLOB    NOT NULL CHECK (length(key_id) = 4),
    signature BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX audit_checkpoint_last ON audit_checkpoint (last);

CREATE TABLE audit_cosignature (             -- who outside has seen a checkpoint
    size      INTEGER NOT NULL REFERENCES audit_checkpoint (size),
    witness   TEXT    NOT NULL,
    key_id    BLOB    NOT NULL CHECK (length(key_id) = 4),
    signature BLOB    NOT NULL,              -- the witness's time in 8 bytes, then its signature
    PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;
