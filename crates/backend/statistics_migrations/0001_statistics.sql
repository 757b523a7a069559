-- What the statistics keep, without coordinates and without free text. Runs on SQLite and on PostgreSQL alike: TEXT,
-- BIGINT and BYTEA only, times as epoch milliseconds. The tables `statistics_shadow_…` are those into which a batch
-- run counts.

-- The events of which calls are derived, each once, until the row of its call is settled.
CREATE TABLE statistics_events (
    key TEXT NOT NULL PRIMARY KEY,
    line TEXT NOT NULL,
    alert TEXT NOT NULL,
    house TEXT NOT NULL,
    value BYTEA NOT NULL,
    partition_id BIGINT NOT NULL,
    record_offset BIGINT NOT NULL,
    record_timestamp BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX statistics_events_by_line ON statistics_events (line, at);
CREATE INDEX statistics_events_by_time ON statistics_events (at);

-- A row a call, as JSON. `demo`: an example that never happened.
CREATE TABLE statistics_calls (
    line TEXT NOT NULL,
    house TEXT NOT NULL,
    id TEXT NOT NULL,
    begun BIGINT NOT NULL,
    value TEXT NOT NULL,
    demo BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    PRIMARY KEY (line, house, id)
);
CREATE INDEX statistics_calls_by_time ON statistics_calls (begun);
CREATE INDEX statistics_calls_by_id ON statistics_calls (line, id);
CREATE INDEX statistics_calls_unsettled ON statistics_calls (begun) WHERE settled = 0;
CREATE INDEX statistics_calls_of_demo ON statistics_calls (line) WHERE demo = 1;

-- The calls that are over. A rebuild adds what is missing here and changes nothing. `sent`: the topic `an-history` has
-- it.
CREATE TABLE statistics_history (
    line TEXT NOT NULL,
    house TEXT NOT NULL,
    id TEXT NOT NULL,
    begun BIGINT NOT NULL,
    value TEXT NOT NULL,
    demo BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    PRIMARY KEY (line, house, id)
);
CREATE INDEX statistics_history_by_time ON statistics_history (begun);
CREATE INDEX statistics_history_to_send ON statistics_history (sent, begun);

-- Up to where the log is read. `log` is the file's or the cluster's id, `last_id` the id of the last event of a file.
CREATE TABLE statistics_positions (
    topic TEXT NOT NULL,
    partition_id BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    log TEXT NOT NULL,
    last_id TEXT NOT NULL,
    PRIMARY KEY (topic, partition_id)
);

-- Who reads (1) and who runs a batch (2), until when by the database's clock. A rebuild raises the generation of the
-- first.
CREATE TABLE statistics_lease (
    id BIGINT NOT NULL PRIMARY KEY,
    token TEXT NOT NULL,
    until BIGINT NOT NULL,
    generation BIGINT NOT NULL
);
INSERT INTO statistics_lease (id, token, until, generation) VALUES (1, '', 0, 0), (2, '', 0, 0);

-- The last batch run, the last verification, and a run that has not ended, as JSON.
CREATE TABLE statistics_runs (
    kind TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE statistics_shadow_events (
    key TEXT NOT NULL PRIMARY KEY,
    line TEXT NOT NULL,
    alert TEXT NOT NULL,
    house TEXT NOT NULL,
    value BYTEA NOT NULL,
    partition_id BIGINT NOT NULL,
    record_offset BIGINT NOT NULL,
    record_timestamp BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX statistics_shadow_events_by_line ON statistics_shadow_events (line, at);
CREATE INDEX statistics_shadow_events_by_time ON statistics_shadow_events (at);

CREATE TABLE statistics_shadow_calls (
    line TEXT NOT NULL,
    house TEXT NOT NULL,
    id TEXT NOT NULL,
    begun BIGINT NOT NULL,
    value TEXT NOT NULL,
    demo BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    PRIMARY KEY (line, house, id)
);
CREATE INDEX statistics_shadow_calls_by_time ON statistics_shadow_calls (begun);
CREATE INDEX statistics_shadow_calls_by_id ON statistics_shadow_calls (line, id);
CREATE INDEX statistics_shadow_calls_unsettled ON statistics_shadow_calls (begun) WHERE settled = 0;

CREATE TABLE statistics_shadow_positions (
    topic TEXT NOT NULL,
    partition_id BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    log TEXT NOT NULL,
    last_id TEXT NOT NULL,
    PRIMARY KEY (topic, partition_id)
);
