-- Who is told of what happens (hub/src/hooks, hub/src/store/event_hooks).

CREATE TABLE event_hooks (
    id          INTEGER PRIMARY KEY,
    campaign    TEXT    NOT NULL,              -- empty for all campaigns
    body        TEXT    NOT NULL,              -- JSON
    sealed_hook BLOB    NOT NULL,              -- its address and what signs what is sent there
    paused      INTEGER NOT NULL,
    made_by     TEXT    NOT NULL,
    made_ms     INTEGER NOT NULL,
    sent        INTEGER NOT NULL DEFAULT 0,    -- how much was taken
    sent_ms     INTEGER,
    failures    INTEGER NOT NULL DEFAULT 0,    -- how often it failed since then
    next_ms     INTEGER NOT NULL DEFAULT 0,    -- before then nothing is tried
    problem     TEXT                           -- why it failed last
) STRICT;

CREATE TABLE event_hook_events (
    event TEXT    NOT NULL,
    hook  INTEGER NOT NULL,
    PRIMARY KEY (event, hook)
) STRICT, WITHOUT ROWID;

-- What is on its way, and what was given up. What was taken is deleted.
CREATE TABLE event_messages (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    hook      INTEGER NOT NULL,
    contents  TEXT    NOT NULL,                -- JSON
    made_ms   INTEGER NOT NULL,
    next_ms   INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    failed_ms INTEGER,                         -- when it was given up
    problem   TEXT
) STRICT;
CREATE INDEX event_messages_waiting ON event_messages (hook, id) WHERE failed_ms IS NULL;
CREATE INDEX event_messages_failed ON event_messages (hook, id) WHERE failed_ms IS NOT NULL;
