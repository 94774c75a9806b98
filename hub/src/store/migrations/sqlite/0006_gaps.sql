-- Plays that were shown and will never come, and whether displays were on.

ALTER TABLE plays ADD COLUMN display INTEGER NOT NULL DEFAULT 0;  -- 0 unknown, 1 on, 2 off

CREATE TABLE gaps (
    ledger        INTEGER NOT NULL REFERENCES ledgers,
    after_seq     INTEGER NOT NULL,
    reason        INTEGER NOT NULL,  -- 0 full, 1 disk, 2 interrupted, 3 damaged, 4 pruned
    plays         INTEGER NOT NULL,
    boot          TEXT    NOT NULL,
    from_boot_ms  INTEGER NOT NULL,
    until_boot_ms INTEGER NOT NULL,
    PRIMARY KEY (ledger, after_seq, reason)
) STRICT, WITHOUT ROWID;
