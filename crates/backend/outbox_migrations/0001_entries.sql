-- What this node has promised to publish. `partition_id`, `record_offset` and `record_timestamp` are the mark:
-- where Kafka acknowledged it; NULL as long as it did not.
CREATE TABLE entries (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    resident TEXT NOT NULL,
    route TEXT NOT NULL,
    digest BLOB NOT NULL,
    topic TEXT NOT NULL,
    line TEXT NOT NULL,
    value BLOB NOT NULL,
    stored_at INTEGER NOT NULL,
    partition_id INTEGER,
    record_offset INTEGER,
    record_timestamp INTEGER,
    UNIQUE (id, resident, route)
);

CREATE INDEX entries_unmarked ON entries (sequence) WHERE record_offset IS NULL;
