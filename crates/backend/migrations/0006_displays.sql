-- The screens that show the board without anybody signed in. Only the SHA-256 of a screen's token is kept. `made_by` is the
-- name of the administrator, who may have moved out since; `seen_at` is when the screen last asked for the board.
CREATE TABLE displays (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL DEFAULT 0
);
