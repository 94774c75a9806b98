-- Who is told when a screen needs somebody (hub/src/alerts, hub/src/store/alerts). Secrets are sealed with the hub's keys.

CREATE TABLE alert_rules (
    id          INTEGER PRIMARY KEY,
    body        TEXT NOT NULL,                 -- JSON
    sealed_hook BLOB,                          -- the address of its web hook and what signs it
    made_ms     INTEGER NOT NULL
) STRICT;

-- What is wrong with which screen, or was and people were told so. `observed` is what was seen last, since `observed_ms`;
-- `is_bad` is what that amounts to, and `told_bad` what people were told last.
CREATE TABLE alert_states (
    rule        INTEGER NOT NULL,
    screen      INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    observed    INTEGER NOT NULL,
    observed_ms INTEGER NOT NULL,
    is_bad      INTEGER NOT NULL,
    changed_ms  INTEGER NOT NULL,
    since_ms    INTEGER NOT NULL,              -- since when it is bad, as far as anybody knows
    told_bad    INTEGER NOT NULL,
    PRIMARY KEY (rule, screen, kind)
) STRICT, WITHOUT ROWID;

-- What is on its way to people, and what became of it.
CREATE TABLE alert_messages (
    id        INTEGER PRIMARY KEY,
    rule      INTEGER NOT NULL,
    rule_name TEXT    NOT NULL,
    recipient TEXT,                            -- NULL for the rule's web hook
    contents  TEXT    NOT NULL,                -- JSON
    is_test   INTEGER NOT NULL,
    made_ms   INTEGER NOT NULL,
    next_ms   INTEGER NOT NULL,                -- when it is tried next
    attempts  INTEGER NOT NULL DEFAULT 0,
    sent_ms   INTEGER,
    failed_ms INTEGER,                         -- when it was given up
    problem   TEXT                             -- why the last attempt failed
) STRICT;
CREATE INDEX alert_messages_by_rule ON alert_messages (rule, made_ms);
CREATE INDEX alert_messages_due ON alert_messages (next_ms) WHERE sent_ms IS NULL AND failed_ms IS NULL;

-- The mail server; one row at most.
CREATE TABLE mail_server (
    one    INTEGER PRIMARY KEY,
    body   TEXT NOT NULL,                      -- JSON
    sealed BLOB                                -- its password
) STRICT;
