-- Which houses each node has connected with their sound armed: a row for each node and line, with the houses as a JSON
-- array. A node renews `at`, by the database's clock, every ten seconds; a row that is older than thirty does not count.
CREATE TABLE reachability (
    node TEXT NOT NULL,
    line TEXT NOT NULL,
    houses TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (node, line)
);
CREATE INDEX reachability_at ON reachability (at);
