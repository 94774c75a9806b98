-- What `passerby-hub prune` takes away stays as sums, so that figures stay: they are those of the rows that are left and of
-- these. What the hub has to know of single plays that are gone, to count none twice, stays as runs of their numbers.

-- Scans from before are final: nothing judges them again, so that what is left of their chains stays true.
CREATE TABLE pruned_before (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    before_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO pruned_before (one, before_ms) VALUES (1, 0);

-- As `play_hours`, by the quarter of an hour, like all of these sums; with how many of the plays were scanned.
CREATE TABLE pruned_play_quarters (
    screen     INTEGER NOT NULL,
    quarter    INTEGER NOT NULL,
    content    INTEGER NOT NULL,
    outcome    INTEGER NOT NULL,
    display    INTEGER NOT NULL,
    plays      INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    scanned    INTEGER NOT NULL,
    PRIMARY KEY (screen, quarter, content, outcome, display)
) STRICT, WITHOUT ROWID;

-- As `scan_hours`; what was seen goes with the visit, which may go before its scan.
CREATE TABLE pruned_scan_quarters (
    screen    INTEGER NOT NULL,
    quarter   INTEGER NOT NULL,
    campaign  TEXT NOT NULL,
    creative  TEXT NOT NULL,
    grade     INTEGER NOT NULL,
    standing  INTEGER NOT NULL,
    scans     INTEGER NOT NULL,
    openings  INTEGER NOT NULL,
    seen      INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    PRIMARY KEY (screen, quarter, campaign, creative, grade, standing)
) STRICT, WITHOUT ROWID;

-- As `visit_hours`.
CREATE TABLE pruned_visit_quarters (
    screen     INTEGER NOT NULL,
    quarter    INTEGER NOT NULL,
    campaign   TEXT NOT NULL,
    creative   TEXT NOT NULL,
    generation INTEGER NOT NULL,
    grade      INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    visits     INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    confirmed  INTEGER NOT NULL,
    pressed    INTEGER NOT NULL,
    PRIMARY KEY (screen, quarter, campaign, creative, generation, grade, counted)
) STRICT, WITHOUT ROWID;

-- As `share_hours`: links that were passed on.
CREATE TABLE pruned_share_quarters (
    screen     INTEGER NOT NULL,
    quarter    INTEGER NOT NULL,
    campaign   TEXT NOT NULL,
    creative   TEXT NOT NULL,
    generation INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    shares     INTEGER NOT NULL,
    PRIMARY KEY (screen, quarter, campaign, creative, generation, counted)
) STRICT, WITHOUT ROWID;

-- As `boot_plays`.
CREATE TABLE pruned_boot_plays (
    ledger              INTEGER NOT NULL,
    boot                INTEGER NOT NULL,
    content             INTEGER NOT NULL,
    screen              INTEGER NOT NULL,
    plays               INTEGER NOT NULL,
    first_seq           INTEGER NOT NULL,
    first_start_boot_ms INTEGER NOT NULL,
    last_end_boot_ms    INTEGER NOT NULL,
    first_wall_ms       INTEGER,
    last_wall_ms        INTEGER,
    PRIMARY KEY (boot, ledger, content)
) STRICT, WITHOUT ROWID;

-- Plays that followed each other in a ledger without a gap, in one boot, all with a date or all without. Those under a
-- number of their own, below zero, stand alone, with the number that the terminal said.
CREATE TABLE pruned_runs (
    screen              INTEGER NOT NULL,
    first_number        INTEGER NOT NULL,
    last_number         INTEGER NOT NULL,
    said_number         INTEGER,
    ledger              INTEGER NOT NULL,
    first_seq           INTEGER NOT NULL,
    last_seq            INTEGER NOT NULL,
    boot                INTEGER NOT NULL,
    first_start_boot_ms INTEGER NOT NULL,
    last_start_boot_ms  INTEGER NOT NULL,
    first_wall_ms       INTEGER,
    last_wall_ms        INTEGER,
    PRIMARY KEY (screen, last_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX pruned_runs_by_ledger ON pruned_runs (ledger, last_seq);

-- When a code without a time was opened first.
CREATE TABLE pruned_openings (
    screen   INTEGER NOT NULL,
    play     INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    PRIMARY KEY (screen, play)
) STRICT, WITHOUT ROWID;

-- The highest play number of a screen that a pruned row had.
CREATE TABLE pruned_numbers (
    screen  INTEGER PRIMARY KEY,
    highest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
