-- The rules by which a call that nobody comes to alarms more people, in one row. Without it the defaults count. Seconds
-- after the ring before, and minutes from an accept to an arrival; a negative number means off.
CREATE TABLE escalation (
    id BIGINT NOT NULL PRIMARY KEY,
    complex BIGINT NOT NULL,
    neighbours BIGINT NOT NULL,
    building BIGINT NOT NULL,
    administrators BIGINT NOT NULL,
    arrival BIGINT NOT NULL
);
