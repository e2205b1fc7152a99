-- What is written with each change has no index entry that nobody reads.

-- A message is found by its person, or by its set, which knows its people: one key does for both.
ALTER TABLE message DROP CONSTRAINT message_pkey;
DROP INDEX message_person;
ALTER TABLE message ADD CONSTRAINT message_pkey PRIMARY KEY (shard, person_id, message_id);

-- bank_name holds a dispatch's key, once for all shards; nothing asks for what a dispatch is about.
DROP INDEX outbox_key;
DROP INDEX outbox_subject;

-- An entry of the log has no place when it is written, only when it is settled.
DROP INDEX audit_place;
CREATE UNIQUE INDEX audit_place ON audit (place) WHERE place IS NOT NULL;
