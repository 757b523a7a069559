-- The acts of the office and of programs, by person, time, address and the person whose data they touch. Rows are
-- added and never changed; `hash` chains each to the one before it (docs/operations/audit.md has the bytes). The
-- triggers beside this file belong to the step.
CREATE TABLE audit (
    sequence BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    act TEXT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    count BIGINT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_act ON audit (act, sequence);
CREATE INDEX audit_actor ON audit (actor, sequence);
CREATE INDEX audit_subject ON audit (subject, sequence);

-- The last row, and the last one that retention removed. A writer locks this row, so that the chain has one end.
CREATE TABLE audit_head (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL,
    pruned_sequence BIGINT NOT NULL,
    pruned_hash TEXT NOT NULL
);
INSERT INTO audit_head (id, sequence, hash, pruned_sequence, pruned_hash) VALUES (
    1,
    0, '0000000000000000000000000000000000000000000000000000000000000000',
    0, '0000000000000000000000000000000000000000000000000000000000000000'
);
