-- The devices that push services reach while no page is open. `change` counts additions and replacements, and with the number
-- of rows it shows a node whether its copy is the newest. `worked_at` is when the device last reported that it showed a push;
-- `accepted_at` when its push service last took one.
CREATE TABLE push_subscriptions (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES residents (name) ON DELETE CASCADE,
    endpoint TEXT NOT NULL UNIQUE,
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    vapid TEXT NOT NULL,
    device TEXT NOT NULL,
    language TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    accepted_at BIGINT,
    worked_at BIGINT,
    change BIGINT NOT NULL
);
CREATE INDEX push_subscriptions_account ON push_subscriptions (account);
CREATE INDEX push_subscriptions_change ON push_subscriptions (change);

-- Which node sends which message. Its times are the database's.
CREATE TABLE push_claims (
    name TEXT NOT NULL PRIMARY KEY,
    token TEXT NOT NULL,
    until BIGINT NOT NULL,
    done BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX push_claims_at ON push_claims (at);
