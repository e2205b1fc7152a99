-- What is written with each change has no index entry that nobody reads.

-- A message is found by its person, or by its set, which knows its people: one key does for both.
CREATE TABLE message_by_person (
    shard      INTEGER NOT NULL,
    person_id  INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    template   TEXT    NOT NULL,
    fields     TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('WAITING', 'DELIVERED', 'GIVEN_UP')),
    PRIMARY KEY (shard, person_id, message_id)
) STRICT, WITHOUT ROWID;
INSERT INTO message_by_person (shard, person_id, message_id, template, fields, created, due, attempts,
                               state)
SELECT shard, person_id, message_id, template, fields, created, due, attempts, state
FROM message ORDER BY shard, person_id, message_id;
DROP TABLE message;
ALTER TABLE message_by_person RENAME TO message;
CREATE INDEX message_due ON message (due) WHERE state = 'WAITING';

-- bank_name holds a dispatch's key, once for all shards; nothing asks for what a dispatch is about.
DROP INDEX outbox_key;
DROP INDEX outbox_subject;
