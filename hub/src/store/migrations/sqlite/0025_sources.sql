-- Where publishers' content comes from by itself (hub/src/sources). A source that was removed keeps its row, so that the
-- numbers of its items, which are in the names of campaigns, are never given twice.
CREATE TABLE sources (
    name          TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,                -- link, file or hook
    location      TEXT,                         -- a URL or a path; NULL for a hook
    secret_sha256 BLOB,                         -- of a hook
    rules         TEXT NOT NULL,                -- JSON
    paused        INTEGER NOT NULL DEFAULT 0,
    created_ms    INTEGER NOT NULL,
    removed_ms    INTEGER,
    next_ms       INTEGER NOT NULL,             -- when there is something to do again
    fetch_ms      INTEGER NOT NULL,             -- when it is to be fetched again
    etag          TEXT,
    last_modified TEXT,
    fetched_ms    INTEGER,
    succeeded_ms  INTEGER,
    failures      INTEGER NOT NULL DEFAULT 0,   -- since the last success
    problem       TEXT,                         -- why the last fetch failed
    left_out      TEXT,                         -- what of the last document was left out
    last_number   INTEGER NOT NULL DEFAULT 0,
    day           INTEGER NOT NULL DEFAULT 0,   -- of day_items, since 1970
    day_items     INTEGER NOT NULL DEFAULT 0    -- items taken in or changed on that day
) STRICT;

CREATE TABLE source_items (
    source     TEXT    NOT NULL REFERENCES sources,
    number     INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    words      TEXT    NOT NULL,                -- JSON
    content    BLOB    NOT NULL,                -- SHA-256 of what it says
    order_ms   INTEGER NOT NULL,                -- the newest air
    ends_ms    INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL,                -- when its document had it last
    campaign   TEXT,                            -- once it has aired
    told       TEXT,                            -- what was left out of it, or why it does not air
    PRIMARY KEY (source, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_items_by_state ON source_items (source, state, order_ms);

-- By what an item is known again: SHA-256 of its id, its link, its words.
CREATE TABLE source_item_names (
    source TEXT    NOT NULL REFERENCES sources,
    name   BLOB    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_item_names_by_number ON source_item_names (source, number);
