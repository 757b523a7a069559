-- The second factor of an account: the key of its one-time codes (RFC 6238). It counts from `confirmed_at` on, which is 0
-- until somebody has shown a code of it. `last_step` is the step of the last accepted code, because a code is accepted once.
CREATE TABLE second_factors (
    resident TEXT NOT NULL PRIMARY KEY REFERENCES residents (name) ON DELETE CASCADE,
    secret BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL DEFAULT 0,
    last_step BIGINT NOT NULL DEFAULT 0
);

-- Codes for somebody whose phone is lost. Each is accepted once, and only its SHA-256 is kept.
CREATE TABLE recovery_codes (
    resident TEXT NOT NULL REFERENCES residents (name) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    used_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (resident, code_hash)
);

-- A person who has shown the password and not yet the code. A ticket opens nothing but the form for the code.
CREATE TABLE sign_in_tickets (
    ticket_hash TEXT NOT NULL PRIMARY KEY,
    resident TEXT NOT NULL REFERENCES residents (name) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_tickets_resident ON sign_in_tickets (resident);

-- Where a session began, so that its owner knows it again. Sessions of older versions have nothing here.
ALTER TABLE sessions ADD COLUMN started_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
