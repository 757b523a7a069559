-- Calls that were stored before this time may have been deleted: a batch that reads the log from its beginning must
-- know that this is not the beginning of everything. 0: nothing was deleted.
ALTER TABLE node ADD COLUMN deleted_before BIGINT NOT NULL DEFAULT 0;
