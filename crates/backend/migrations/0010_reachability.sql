-- The houses that each node has connected with their sound armed, in a row for each node and line, as a JSON array. A
-- node renews `at`, by the database's clock, every ten seconds. A row that is older than thirty does not count.
CREATE TABLE reachability (
    node TEXT NOT NULL,
    line TEXT NOT NULL,
    houses TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (node, line)
);
CREATE INDEX reachability_at ON reachability (at);
