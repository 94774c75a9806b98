-- What becomes of links (hub/src/store/rollups/link_sums.rs), and the chains that have more than one.

-- Which of the links below its parent it is, from 1; what begins a chain has none.
CREATE TABLE link_numbers (
    share      INTEGER PRIMARY KEY REFERENCES shares,
    scan       INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    nth        INTEGER NOT NULL
) STRICT;
-- Of each link that somebody passed on, the first one below it.
CREATE INDEX link_numbers_first ON link_numbers (scan, generation, share) WHERE nth = 1;
INSERT INTO link_numbers (share, scan, generation, nth)
    SELECT id, scan, generation, row_number() OVER (PARTITION BY parent ORDER BY id) FROM shares WHERE parent IS NOT NULL;

-- By the day on which a link was made, of UTC: how many were made, and what those below them were.
CREATE TABLE link_days (
    campaign   TEXT NOT NULL,
    screen     INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    links      INTEGER NOT NULL,
    brought    INTEGER NOT NULL,
    sharers    INTEGER NOT NULL,
    squares    INTEGER NOT NULL,
    in_hour    INTEGER NOT NULL,
    in_day     INTEGER NOT NULL,
    in_week    INTEGER NOT NULL,
    later      INTEGER NOT NULL,
    PRIMARY KEY (campaign, screen, generation, day, counted)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_days_by_screen ON link_days (screen);
INSERT INTO link_days (campaign, screen, generation, day, counted, links, brought, sharers, squares, in_hour, in_day,
                       in_week, later)
    SELECT campaign, screen, generation, day, counted, CAST(sum(links) AS BIGINT), CAST(sum(brought) AS BIGINT),
           CAST(sum(sharers) AS BIGINT), CAST(sum(squares) AS BIGINT), CAST(sum(in_hour) AS BIGINT),
           CAST(sum(in_day) AS BIGINT), CAST(sum(in_week) AS BIGINT), CAST(sum(later) AS BIGINT)
    FROM (SELECT campaign, scans.screen, links.generation, links.created_ms / 86400000 AS day,
                 grade < 2 AND standing < 2 AS counted, 1 AS links, 0 AS brought, 0 AS sharers, 0 AS squares, 0 AS in_hour,
                 0 AS in_day, 0 AS in_week, 0 AS later
          FROM shares AS links JOIN scans ON scans.id = links.scan
          UNION ALL
          SELECT campaign, scans.screen, links.generation, links.created_ms / 86400000, grade < 2 AND standing < 2, 0,
                 CASE WHEN below.created_ms - links.created_ms < 604800000 THEN 1 ELSE 0 END,
                 CASE WHEN below.created_ms - links.created_ms < 604800000 AND nth = 1 THEN 1 ELSE 0 END,
                 CASE WHEN below.created_ms - links.created_ms < 604800000 THEN 2 * nth - 1 ELSE 0 END,
                 CASE WHEN below.created_ms - scanned_ms < 3600000 THEN 1 ELSE 0 END,
                 CASE WHEN below.created_ms - scanned_ms >= 3600000 AND below.created_ms - scanned_ms < 86400000 THEN 1
                      ELSE 0 END,
                 CASE WHEN below.created_ms - scanned_ms >= 86400000 AND below.created_ms - scanned_ms < 604800000 THEN 1
                      ELSE 0 END,
                 CASE WHEN below.created_ms - scanned_ms >= 604800000 THEN 1 ELSE 0 END
          FROM shares AS below JOIN shares AS links ON links.id = below.parent JOIN scans ON scans.id = below.scan
          JOIN link_numbers ON link_numbers.share = below.id) AS added
    GROUP BY campaign, screen, generation, day, counted;

-- As `link_days`.
CREATE TABLE pruned_link_days (
    campaign   TEXT NOT NULL,
    screen     INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    links      INTEGER NOT NULL,
    brought    INTEGER NOT NULL,
    sharers    INTEGER NOT NULL,
    squares    INTEGER NOT NULL,
    in_hour    INTEGER NOT NULL,
    in_day     INTEGER NOT NULL,
    in_week    INTEGER NOT NULL,
    later      INTEGER NOT NULL,
    PRIMARY KEY (campaign, screen, generation, day, counted)
) STRICT, WITHOUT ROWID;

-- One row a scan whose link somebody else has opened.
CREATE TABLE chains (
    scan       INTEGER PRIMARY KEY REFERENCES scans,
    campaign   TEXT NOT NULL,
    screen     INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    scanned_ms INTEGER NOT NULL,
    links      INTEGER NOT NULL,             -- below the first one
    depth      INTEGER NOT NULL,             -- the highest generation
    newest_ms  INTEGER NOT NULL              -- when the newest link was made
) STRICT;
CREATE INDEX chains_by_campaign ON chains (campaign, counted, links, scan, scanned_ms, newest_ms);
CREATE INDEX chains_by_screen ON chains (screen, counted, links, scan);
INSERT INTO chains (scan, campaign, screen, counted, scanned_ms, links, depth, newest_ms)
    SELECT scans.id, campaign, screen, grade < 2 AND standing < 2, scanned_ms, count(*), max(generation), max(created_ms)
    FROM shares JOIN scans ON scans.id = scan WHERE parent IS NOT NULL
    GROUP BY scans.id, campaign, screen, grade < 2 AND standing < 2, scanned_ms;
