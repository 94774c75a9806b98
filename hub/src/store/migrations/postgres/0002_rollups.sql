-- Figures by the hour, so that a report reads thousands of rows and not millions. They are kept in the transaction that
-- changes what they count (hub/src/store/rollups). Hours are of UTC, since 1970; -1 while a play has no date.

CREATE TABLE play_hours (
    screen     BIGINT NOT NULL,
    hour       BIGINT NOT NULL,
    content    BIGINT NOT NULL,
    outcome    BIGINT NOT NULL,
    display    BIGINT NOT NULL,
    plays      BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL,
    PRIMARY KEY (screen, hour, content, outcome, display)
);
INSERT INTO play_hours (screen, hour, content, outcome, display, plays, visible_ms)
    SELECT screen, coalesce(wall_ms / 3600000, -1), content, outcome, display, count(*), CAST(sum(visible_ms) AS BIGINT)
    FROM plays GROUP BY 1, 2, 3, 4, 5;

-- `seen` and `confirmed` are of the visits of those who scanned, to the link that begins the chain.
CREATE TABLE scan_hours (
    screen    BIGINT NOT NULL,
    hour      BIGINT NOT NULL,
    campaign  TEXT COLLATE "C" NOT NULL,
    creative  TEXT COLLATE "C" NOT NULL,
    grade     BIGINT NOT NULL,
    standing  BIGINT NOT NULL,
    scans     BIGINT NOT NULL,
    openings  BIGINT NOT NULL,
    seen      BIGINT NOT NULL,
    confirmed BIGINT NOT NULL,
    PRIMARY KEY (screen, hour, campaign, creative, grade, standing)
);
INSERT INTO scan_hours (screen, hour, campaign, creative, grade, standing, scans, openings, seen, confirmed)
    SELECT screen, scanned_ms / 3600000, campaign, creative, scans.grade, standing, count(*), CAST(sum(openings) AS BIGINT),
           count(coalesce(seen_ms, confirmed_ms)), count(confirmed_ms)
    FROM scans
    LEFT JOIN shares ON shares.scan = scans.id AND shares.parent IS NULL
    LEFT JOIN visits ON visits.share = shares.id AND visits.visitor = shares.owner
    GROUP BY 1, 2, 3, 4, 5, 6;

-- `counted` is whether the scan that began the chain counts.
CREATE TABLE visit_hours (
    screen     BIGINT NOT NULL,
    hour       BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    grade      BIGINT NOT NULL,
    counted    BOOLEAN NOT NULL,
    visits     BIGINT NOT NULL,
    seen       BIGINT NOT NULL,
    confirmed  BIGINT NOT NULL,
    pressed    BIGINT NOT NULL,
    PRIMARY KEY (screen, hour, campaign, creative, generation, grade, counted)
);
INSERT INTO visit_hours (screen, hour, campaign, creative, generation, grade, counted, visits, seen, confirmed, pressed)
    SELECT screen, visited_ms / 3600000, campaign, creative, shares.generation, visits.grade,
           scans.grade < 2 AND standing < 2, count(*), count(coalesce(seen_ms, confirmed_ms)), count(confirmed_ms),
           count(clicked_ms)
    FROM visits JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
    GROUP BY 1, 2, 3, 4, 5, 6, 7;

-- What each boot played within a ledger: where a boot never learned the time, those before and after it say between when
-- it was.
CREATE TABLE boot_plays (
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
    PRIMARY KEY (ledger, boot, content)
);
CREATE INDEX boot_plays_by_boot ON boot_plays (boot);
INSERT INTO boot_plays (ledger, boot, content, screen, plays, first_seq, first_start_boot_ms, last_end_boot_ms,
                        first_wall_ms, last_wall_ms)
    SELECT ledger, boot, content, screen, count(*), min(seq), min(start_boot_ms), max(start_boot_ms + visible_ms),
           min(wall_ms), max(wall_ms + visible_ms)
    FROM plays GROUP BY ledger, boot, content, screen;
