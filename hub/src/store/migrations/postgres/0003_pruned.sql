-- What `passerby-hub prune` takes away stays as sums, so that figures stay: they are those of the rows that are left and of
-- these. What the hub has to know of single plays that are gone, to count none twice, stays as runs of their numbers.

-- Scans from before are final: nothing judges them again, so that what is left of their chains stays true.
CREATE TABLE pruned_before (
    one       BIGINT PRIMARY KEY CHECK (one = 1),
    before_ms BIGINT NOT NULL
);
INSERT INTO pruned_before (one, before_ms) VALUES (1, 0);

-- As `play_hours`, by the quarter of an hour, like all of these sums; with how many of the plays were scanned.
CREATE TABLE pruned_play_quarters (
    screen     BIGINT NOT NULL,
    quarter    BIGINT NOT NULL,
    content    BIGINT NOT NULL,
    outcome    BIGINT NOT NULL,
    display    BIGINT NOT NULL,
    plays      BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL,
    scanned    BIGINT NOT NULL,
    PRIMARY KEY (screen, quarter, content, outcome, display)
);

-- As `scan_hours`; what was seen goes with the visit, which may go before its scan.
CREATE TABLE pruned_scan_quarters (
    screen    BIGINT NOT NULL,
    quarter   BIGINT NOT NULL,
    campaign  TEXT COLLATE "C" NOT NULL,
    creative  TEXT COLLATE "C" NOT NULL,
    grade     BIGINT NOT NULL,
    standing  BIGINT NOT NULL,
    scans     BIGINT NOT NULL,
    openings  BIGINT NOT NULL,
    seen      BIGINT NOT NULL,
    confirmed BIGINT NOT NULL,
    PRIMARY KEY (screen, quarter, campaign, creative, grade, standing)
);

-- As `visit_hours`.
CREATE TABLE pruned_visit_quarters (
    screen     BIGINT NOT NULL,
    quarter    BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    grade      BIGINT NOT NULL,
    counted    BOOLEAN NOT NULL,
    visits     BIGINT NOT NULL,
    seen       BIGINT NOT NULL,
    confirmed  BIGINT NOT NULL,
    pressed    BIGINT NOT NULL,
    PRIMARY KEY (screen, quarter, campaign, creative, generation, grade, counted)
);

-- As `share_hours`: links that were passed on.
CREATE TABLE pruned_share_quarters (
    screen     BIGINT NOT NULL,
    quarter    BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    counted    BOOLEAN NOT NULL,
    shares     BIGINT NOT NULL,
    PRIMARY KEY (screen, quarter, campaign, creative, generation, counted)
);

-- As `boot_plays`.
CREATE TABLE pruned_boot_plays (
    ledger              BIGINT NOT NULL,
    boot                BIGINT NOT NULL,
    content             BIGINT NOT NULL,
    screen              BIGINT NOT NULL,
    plays               BIGINT NOT NULL,
    first_seq           BIGINT NOT NULL,
    first_start_boot_ms BIGINT NOT NULL,
    last_end_boot_ms    BIGINT NOT NULL,
    first_wall_ms       BIGINT,
    last_wall_ms        BIGINT,
    PRIMARY KEY (boot, ledger, content)
);

-- Plays that followed each other in a ledger without a gap, in one boot, all with a date or all without. Those under a
-- number of their own, below zero, stand alone, with the number that the terminal said.
CREATE TABLE pruned_runs (
    screen              BIGINT NOT NULL,
    first_number        BIGINT NOT NULL,
    last_number         BIGINT NOT NULL,
    said_number         BIGINT,
    ledger              BIGINT NOT NULL,
    first_seq           BIGINT NOT NULL,
    last_seq            BIGINT NOT NULL,
    boot                BIGINT NOT NULL,
    first_start_boot_ms BIGINT NOT NULL,
    last_start_boot_ms  BIGINT NOT NULL,
    first_wall_ms       BIGINT,
    last_wall_ms        BIGINT,
    PRIMARY KEY (screen, last_number)
);
CREATE INDEX pruned_runs_by_ledger ON pruned_runs (ledger, last_seq);

-- When a code without a time was opened first.
CREATE TABLE pruned_openings (
    screen   BIGINT NOT NULL,
    play     BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    PRIMARY KEY (screen, play)
);

-- The highest play number of a screen that a pruned row had.
CREATE TABLE pruned_numbers (
    screen  BIGINT PRIMARY KEY,
    highest BIGINT NOT NULL
);
