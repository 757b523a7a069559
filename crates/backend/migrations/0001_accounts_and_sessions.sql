-- Who can sign in, and who is signed in. Runs on SQLite and on PostgreSQL alike: TEXT and BIGINT only,
-- times as epoch milliseconds.
CREATE TABLE residents (
    name TEXT NOT NULL PRIMARY KEY,
    password_hash TEXT NOT NULL,
    line TEXT,
    house TEXT,
    role TEXT NOT NULL,
    demo BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    resident TEXT NOT NULL REFERENCES residents (name) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_resident ON sessions (resident);
