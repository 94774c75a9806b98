-- Figures by the hour, so that a report reads thousands of rows and not millions. They are kept in the transaction that
-- changes what they count (hub/src/store/rollups). Hours are of UTC, since 1970; -1 while a play has no date.

CREATE TABLE play_hours (
    screen     INTEGER NOT NULL,
    hour       INTEGER NOT NULL,
    content    INTEGER NOT NULL REFERENCES contents,
    outcome    INTEGER NOT NULL,
    display    INTEGER NOT NULL,
    plays      INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    PRIMARY KEY (screen, hour, content, outcome, display)
) STRICT, WITHOUT ROWID;
INSERT INTO play_hours (screen, hour, content, outcome, display, plays, visible_ms)
    SELECT screen, coalesce(wall_ms / 3600000, -1), content, outcome, display, count(*), sum(visible_ms)
    FROM plays GROUP BY 1, 2, 3, 4, 5;

-- `seen` and `confirmed` are of the visits of those who scanned, to the link that begins the chain.
CREATE TABLE scan_hours (
    screen    INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    campaign  TEXT    NOT NULL,
    creative  TEXT    NOT NULL,
    grade     INTEGER NOT NULL,
    standing  INTEGER NOT NULL,
    scans     INTEGER NOT NULL,
    openings  INTEGER NOT NULL,
    seen      INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    PRIMARY KEY (screen, hour, campaign, creative, grade, standing)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_hours (screen, hour, campaign, creative, grade, standing, scans, openings, seen, confirmed)
    SELECT screen, scanned_ms / 3600000, campaign, creative, scans.grade, standing, count(*), sum(openings),
           count(coalesce(seen_ms, confirmed_ms)), count(confirmed_ms)
    FROM scans
    LEFT JOIN shares ON shares.scan = scans.id AND shares.parent IS NULL
    LEFT JOIN visits ON visits.share = shares.id AND visits.visitor = shares.owner
    GROUP BY 1, 2, 3, 4, 5, 6;

-- `counted` is whether the scan that began the chain counts.
CREATE TABLE visit_hours (
    screen     INTEGER NOT NULL,
    hour       INTEGER NOT NULL,
    campaign   TEXT    NOT NULL,
    creative   TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    grade      INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    visits     INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    confirmed  INTEGER NOT NULL,
    pressed    INTEGER NOT NULL,
    PRIMARY KEY (screen, hour, campaign, creative, generation, grade, counted)
) STRICT, WITHOUT ROWID;
INSERT INTO visit_hours (screen, hour, campaign, creative, generation, grade, counted, visits, seen, confirmed, pressed)
    SELECT screen, visited_ms / 3600000, campaign, creative, shares.generation, visits.grade,
           scans.grade < 2 AND standing < 2, count(*), count(coalesce(seen_ms, confirmed_ms)), count(confirmed_ms),
           count(clicked_ms)
    FROM visits JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
    GROUP BY 1, 2, 3, 4, 5, 6, 7;

-- What each boot played within a ledger: where a boot never learned the time, those before and after it say between when
-- it was.
CREATE TABLE boot_plays (
    ledger              INTEGER NOT NULL REFERENCES ledgers,
    boot                INTEGER NOT NULL REFERENCES boots,
    content             INTEGER NOT NULL REFERENCES contents,
    screen              INTEGER NOT NULL,
    plays               INTEGER NOT NULL,
    first_seq           INTEGER NOT NULL,
    first_start_boot_ms INTEGER NOT NULL,
    last_end_boot_ms    INTEGER NOT NULL,
    first_wall_ms       INTEGER,
    last_wall_ms        INTEGER,
    PRIMARY KEY (ledger, boot, content)
) STRICT, WITHOUT ROWID;
CREATE INDEX boot_plays_by_boot ON boot_plays (boot);
INSERT INTO boot_plays (ledger, boot, content, screen, plays, first_seq, first_start_boot_ms, last_end_boot_ms,
                        first_wall_ms, last_wall_ms)
    SELECT ledger, boot, content, screen, count(*), min(seq), min(start_boot_ms), max(start_boot_ms + visible_ms),
           min(wall_ms), max(wall_ms + visible_ms)
    FROM plays GROUP BY ledger, boot, content, screen;
