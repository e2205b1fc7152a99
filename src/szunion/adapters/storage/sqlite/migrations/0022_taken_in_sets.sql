-- Which messages are in a worker's hands: a row for each set, so that a message is written once, when
-- it is ended, and not also when it is taken. The ids are a JSON array.

CREATE TABLE message_set (
    set_id INTEGER PRIMARY KEY,
    until  INTEGER NOT NULL,
    ids    TEXT NOT NULL
) STRICT;

-- What stands before a dispatch of the same aggregate is found without reading all that is done.
CREATE INDEX outbox_open ON outbox (shard, aggregate, sequence)
    WHERE state IN ('QUEUED', 'SENT', 'UNKNOWN', 'ASIDE');
