-- Whether an account's location may be used in its calls: '' (yes, or not asked yet), 'paused' or 'withdrawn'.
ALTER TABLE residents ADD COLUMN location_use TEXT NOT NULL DEFAULT '';
CREATE INDEX residents_location_use ON residents (location_use) WHERE location_use <> '';

-- When a consent was taken back; 0 while it holds.
ALTER TABLE consents ADD COLUMN withdrawn_at BIGINT NOT NULL DEFAULT 0;

-- Whose location went out with which call, without the location. Once the person has withdrawn or left, `account` is empty,
-- and every node destroys what it still has of that location.
CREATE TABLE located_calls (
    line TEXT NOT NULL,
    house TEXT NOT NULL,
    alert TEXT NOT NULL,
    account TEXT NOT NULL,
    at BIGINT NOT NULL,
    withdrawn_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (line, house, alert)
);
CREATE INDEX located_calls_account ON located_calls (account);
CREATE INDEX located_calls_at ON located_calls (at);
CREATE INDEX located_calls_withdrawn_at ON located_calls (withdrawn_at) WHERE withdrawn_at > 0;

-- Who was shown the location of a call, once for each call and account. It never has coordinates.
CREATE TABLE location_uses (
    line TEXT NOT NULL,
    house TEXT NOT NULL,
    alert TEXT NOT NULL,
    viewer TEXT NOT NULL,
    viewer_line TEXT,
    viewer_house TEXT,
    viewer_role TEXT NOT NULL,
    means TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (line, house, alert, viewer)
);
CREATE INDEX location_uses_at ON location_uses (at);
