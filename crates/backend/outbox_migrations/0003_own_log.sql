-- The file's own name as a log: a position of the local log is this id with a sequence number.
ALTER TABLE node ADD COLUMN log_id BLOB;

-- The Kafka cluster that a mark speaks of. NULL in marks of a version that did not record it.
ALTER TABLE entries ADD COLUMN cluster TEXT;

-- What may be deleted is found by topic and time, without a look at every entry of a month.
CREATE INDEX entries_by_topic ON entries (topic, stored_at);
CREATE INDEX entries_done ON entries (topic, stored_at) WHERE record_offset IS NOT NULL OR refused IS NOT NULL;
