-- Why Kafka refuses an entry for good; such an entry is set aside.
ALTER TABLE entries ADD COLUMN refused TEXT;
CREATE INDEX entries_stored_at ON entries (stored_at);

-- The sessions that the accounts' database last told: they hold for a while when it is away.
CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    resident TEXT NOT NULL,
    line TEXT,
    house TEXT,
    role TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- One row: when the copy was last true, and one that is written to see whether the disk takes anything.
CREATE TABLE node (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    sessions_synced_at INTEGER NOT NULL,
    probed_at INTEGER NOT NULL
);
INSERT INTO node (id, sessions_synced_at, probed_at) VALUES (1, 0, 0);
