-- How long before the row was written its event was received, in milliseconds: readers must not compare their clock with the
-- writer's.
ALTER TABLE handovers ADD COLUMN age BIGINT NOT NULL DEFAULT 0;
