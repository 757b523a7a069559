-- Every node keeps a copy of the sessions and asks for what has changed. `change` counts changes: it needs no clock that
-- the nodes would have to agree on. An ended session stays for a day, so that every node hears of its end.
ALTER TABLE sessions ADD COLUMN change BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN ended BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_change ON sessions (change);

-- What a producer hands to the fan-outs past a slow log: a record's topic and value.
CREATE TABLE handovers (
    id TEXT NOT NULL PRIMARY KEY,
    topic TEXT NOT NULL,
    value BYTEA NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX handovers_at ON handovers (at);
