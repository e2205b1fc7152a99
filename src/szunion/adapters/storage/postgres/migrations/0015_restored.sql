-- From which backup this database was made, and when it was let go. While a row is not released,
-- nothing is written but what brings the store up to the bank.

CREATE TABLE restored (
    backup   BYTEA   PRIMARY KEY CHECK (length(backup) = 16),
    made     BIGINT  NOT NULL,                       -- the moment that the backup holds
    restored BIGINT  NOT NULL,
    released BIGINT,
    note     TEXT    NOT NULL DEFAULT ''             -- what was found of what the backup lacks
);
