-- Where publishers' content comes from by itself (hub/src/sources). A source that was removed keeps its row, so that the
-- numbers of its items, which are in the names of campaigns, are never given twice.
CREATE TABLE sources (
    name          TEXT COLLATE "C" PRIMARY KEY,
    kind          TEXT NOT NULL,                  -- link, file or hook
    location      TEXT,                           -- a URL or a path; NULL for a hook
    secret_sha256 BYTEA,                          -- of a hook
    rules         TEXT NOT NULL,                  -- JSON
    paused        BOOLEAN NOT NULL DEFAULT FALSE,
    created_ms    BIGINT NOT NULL,
    removed_ms    BIGINT,
    next_ms       BIGINT NOT NULL,                -- when there is something to do again
    fetch_ms      BIGINT NOT NULL,                -- when it is to be fetched again
    etag          TEXT,
    last_modified TEXT,
    fetched_ms    BIGINT,
    succeeded_ms  BIGINT,
    failures      BIGINT NOT NULL DEFAULT 0,      -- since the last success
    problem       TEXT,                           -- why the last fetch failed
    left_out      TEXT,                           -- what of the last document was left out
    last_number   BIGINT NOT NULL DEFAULT 0,
    day           BIGINT NOT NULL DEFAULT 0,      -- of day_items, since 1970
    day_items     BIGINT NOT NULL DEFAULT 0       -- items taken in or changed on that day
);

CREATE TABLE source_items (
    source     TEXT COLLATE "C" NOT NULL REFERENCES sources,
    number     BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    words      TEXT   NOT NULL,                   -- JSON
    content    BYTEA  NOT NULL,                   -- SHA-256 of what it says
    order_ms   BIGINT NOT NULL,                   -- the newest air
    ends_ms    BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    seen_ms    BIGINT NOT NULL,                   -- when its document had it last
    campaign   TEXT COLLATE "C",                  -- once it has aired
    told       TEXT,                              -- what was left out of it, or why it does not air
    PRIMARY KEY (source, number)
);
CREATE INDEX source_items_by_state ON source_items (source, state, order_ms);

-- By what an item is known again: SHA-256 of its id, its link, its words.
CREATE TABLE source_item_names (
    source TEXT COLLATE "C" NOT NULL REFERENCES sources,
    name   BYTEA  NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (source, name)
);
CREATE INDEX source_item_names_by_number ON source_item_names (source, number);
