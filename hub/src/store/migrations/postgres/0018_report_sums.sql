-- What reports say of creatives on all screens together, and of each screen: by the quarter of an hour (`span` 1), the
-- day of UTC (96) and of all times (0, `at` 0), so that a report of many screens reads as little as one of few. `at` is
-- -1 of what has no date. An empty creative stands for a folder on a screen itself. See
-- docs/decisions/2026-11-30-sums-of-creatives-and-screens.md.
CREATE TABLE creative_sums (
    span       BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    plays      BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL,
    scans      BIGINT NOT NULL,
    visits     BIGINT NOT NULL,
    pressed    BIGINT NOT NULL,
    shares     BIGINT NOT NULL,
    PRIMARY KEY (span, campaign, creative, at)
);
-- Plays are those of the figures; what was scanned is counted from the rows, less what is only noted of them yet.
INSERT INTO creative_sums (span, campaign, creative, at, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 1, campaign, creative, quarter, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT),
           CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
           CAST(sum(shares) AS BIGINT)
    FROM (SELECT campaign, CASE WHEN assignment = 0 THEN '' ELSE creative END AS creative, quarter, plays, visible_ms,
                 0 AS scans, 0 AS visits, 0 AS pressed, 0 AS shares
          FROM (SELECT content, quarter, CAST(sum(plays) AS BIGINT) AS plays,
                       CAST(sum(visible_ms) AS BIGINT) AS visible_ms
                FROM play_quarters GROUP BY content, quarter) AS played
          JOIN contents ON contents.id = content
          UNION ALL
          SELECT campaign, creative, scanned_ms / 900000, 0, 0, 1, 0, 0, 0 FROM counted_scans
          UNION ALL
          SELECT campaign, creative, visited_ms / 900000, 0, 0, 0, 1,
                 CASE WHEN visits.grade = 0 AND clicked_ms IS NOT NULL THEN 1 ELSE 0 END, 0
          FROM visits JOIN shares ON shares.id = share JOIN counted_scans ON counted_scans.id = scan
          UNION ALL
          SELECT campaign, creative, created_ms / 900000, 0, 0, 0, 0, 0, 1
          FROM shares JOIN counted_scans ON counted_scans.id = scan WHERE parent IS NOT NULL
          UNION ALL
          SELECT campaign, creative, quarter, 0, 0, scans, 0, 0, 0 FROM pruned_scan_quarters
          WHERE grade < 2 AND standing < 2
          UNION ALL
          SELECT campaign, creative, quarter, 0, 0, 0, visits, CASE WHEN grade = 0 THEN pressed ELSE 0 END, 0
          FROM pruned_visit_quarters WHERE counted
          UNION ALL
          SELECT campaign, creative, quarter, 0, 0, 0, 0, 0, shares FROM pruned_share_quarters WHERE counted
          UNION ALL
          SELECT (one ->> 2), (one ->> 3), CAST(one ->> 1 AS BIGINT), 0, 0, -CAST(one ->> 6 AS BIGINT), 0, 0, 0
          FROM figure_changes, jsonb_array_elements(coalesce(changes::jsonb -> 'scans', '[]')) AS one
          WHERE CAST(one ->> 4 AS BIGINT) < 2 AND CAST(one ->> 5 AS BIGINT) < 2
          UNION ALL
          SELECT (one ->> 2), (one ->> 3), CAST(one ->> 1 AS BIGINT), 0, 0, 0, -CAST(one ->> 7 AS BIGINT),
                 CASE WHEN CAST(one ->> 5 AS BIGINT) = 0 THEN -CAST(one ->> 10 AS BIGINT) ELSE 0 END, 0
          FROM figure_changes, jsonb_array_elements(coalesce(changes::jsonb -> 'visits', '[]')) AS one
          WHERE CAST(one ->> 6 AS BOOLEAN)
          UNION ALL
          SELECT (one ->> 2), (one ->> 3), CAST(one ->> 1 AS BIGINT), 0, 0, 0, 0, 0, -CAST(one ->> 6 AS BIGINT)
          FROM figure_changes, jsonb_array_elements(coalesce(changes::jsonb -> 'shares', '[]')) AS one
          WHERE CAST(one ->> 5 AS BOOLEAN)) AS added
    GROUP BY campaign, creative, quarter;
INSERT INTO creative_sums (span, campaign, creative, at, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 96, campaign, creative, CASE WHEN at < 0 THEN -1 ELSE at / 96 END AS day,
           CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT),
           CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
           CAST(sum(shares) AS BIGINT)
    FROM creative_sums WHERE span = 1 GROUP BY campaign, creative, day;
INSERT INTO creative_sums (span, campaign, creative, at, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 0, campaign, creative, 0, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT),
           CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
           CAST(sum(shares) AS BIGINT)
    FROM creative_sums WHERE span = 96 GROUP BY campaign, creative;

CREATE TABLE screen_sums (
    span       BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    screen     BIGINT NOT NULL,
    plays      BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL,
    scans      BIGINT NOT NULL,
    visits     BIGINT NOT NULL,
    pressed    BIGINT NOT NULL,
    shares     BIGINT NOT NULL,
    PRIMARY KEY (span, at, screen)
);
INSERT INTO screen_sums (span, at, screen, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 96, CASE WHEN quarter < 0 THEN -1 ELSE quarter / 96 END AS day, screen,
           CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT),
           CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
           CAST(sum(shares) AS BIGINT)
    FROM screen_quarters GROUP BY day, screen;
INSERT INTO screen_sums (span, at, screen, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 0, 0, screen, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT),
           CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
           CAST(sum(shares) AS BIGINT)
    FROM screen_sums WHERE span = 96 GROUP BY screen;

-- One screen among many, and the screens of one campaign. None of these columns ever changes in a row that is there.
CREATE INDEX screen_quarters_by_screen ON screen_quarters (screen, quarter);
CREATE INDEX play_totals_by_content ON play_totals (content, screen);
CREATE INDEX contents_by_campaign ON contents (campaign);
-- Each play that was added up changed it.
DROP INDEX play_hours_by_content;
