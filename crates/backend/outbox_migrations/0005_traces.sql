-- The trace of the request that made an entry, as the header `traceparent`. NULL where it was not traced.
ALTER TABLE entries ADD COLUMN traceparent TEXT;
