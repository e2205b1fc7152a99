-- From which backup this database was made, and when it was let go. While a row is not released,
-- nothing is written but what brings the store up to the bank.

CREATE TABLE restored (
    backup   BLOB    PRIMARY KEY CHECK (length(backup) = 16),
    made     INTEGER NOT NULL,                   -- the moment that the backup holds
    restored INTEGER NOT NULL,
    released INTEGER,
    note     TEXT    NOT NULL DEFAULT ''         -- what was found of what the backup lacks
) STRICT;
