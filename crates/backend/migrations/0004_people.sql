-- The complex as the office keeps it, invitations, and consents. A flat that only an account names counts as well,
-- since accounts are also made on the command line.
CREATE TABLE lines (
    line TEXT NOT NULL PRIMARY KEY,
    building TEXT NOT NULL
);

CREATE TABLE neighbouring_lines (
    line TEXT NOT NULL,
    neighbour TEXT NOT NULL,
    PRIMARY KEY (line, neighbour)
);

CREATE TABLE houses (
    line TEXT NOT NULL,
    house TEXT NOT NULL,
    PRIMARY KEY (line, house)
);

-- A one-time code, of which only the SHA-256 is kept. With `resident` it gives that account a new password.
CREATE TABLE invitations (
    code_hash TEXT NOT NULL PRIMARY KEY,
    line TEXT,
    house TEXT,
    resident TEXT REFERENCES residents (name) ON DELETE CASCADE,
    invited_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX invitations_flat ON invitations (line, house);

-- What somebody agreed to, with the words that were shown.
CREATE TABLE consents (
    resident TEXT NOT NULL REFERENCES residents (name) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    version TEXT NOT NULL,
    text TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (resident, purpose, version)
);

-- A locked account has no session and cannot sign in.
ALTER TABLE residents ADD COLUMN locked BIGINT NOT NULL DEFAULT 0;
