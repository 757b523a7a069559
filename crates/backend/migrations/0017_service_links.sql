-- The person of the housing service who signs in to an account: the service's address and the name there that never
-- changes (`sub`), kept at the first sign-in. One person opens one account, and one account is opened by one person.
CREATE TABLE service_links (
    resident TEXT NOT NULL REFERENCES residents (name) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (resident, issuer),
    UNIQUE (issuer, subject)
);
