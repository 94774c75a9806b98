-- What reports say of creatives on all screens together, and of each screen: by the quarter of an hour (`span` 1), the
-- day of UTC (96) and of all times (0, `at` 0), so that a report of many screens reads as little as one of few. `at` is
-- -1 of what has no date. An empty creative stands for a folder on a screen itself. See
-- docs/decisions/2026-11-30-sums-of-creatives-and-screens.md.
CREATE TABLE creative_sums (
    span       INTEGER NOT NULL,
    campaign   TEXT NOT NULL,
    creative   TEXT NOT NULL,
    at         INTEGER NOT NULL,
    plays      INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    scans      INTEGER NOT NULL,
    visits     INTEGER NOT NULL,
    pressed    INTEGER NOT NULL,
    shares     INTEGER NOT NULL,
    PRIMARY KEY (span, campaign, creative, at)
) STRICT, WITHOUT ROWID;
-- Plays are those of the figures; what was scanned is counted from the rows, less what is only noted of them yet.
INSERT INTO creative_sums (span, campaign, creative, at, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 1, campaign, creative, quarter, sum(plays), sum(visible_ms), sum(scans),
           sum(visits), sum(pressed), sum(shares)
    FROM (SELECT campaign, CASE WHEN assignment = 0 THEN '' ELSE creative END AS creative, quarter, plays, visible_ms,
                 0 AS scans, 0 AS visits, 0 AS pressed, 0 AS shares
          FROM (SELECT content, quarter, sum(plays) AS plays, sum(visible_ms) AS visible_ms
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
          SELECT json_extract(one.value, '$[2]'), json_extract(one.value, '$[3]'), json_extract(one.value, '$[1]'),
                 0, 0, -json_extract(one.value, '$[6]'), 0, 0, 0
          FROM figure_changes, json_each(figure_changes.changes, '$.scans') AS one
          WHERE json_extract(one.value, '$[4]') < 2 AND json_extract(one.value, '$[5]') < 2
          UNION ALL
          SELECT json_extract(one.value, '$[2]'), json_extract(one.value, '$[3]'), json_extract(one.value, '$[1]'),
                 0, 0, 0, -json_extract(one.value, '$[7]'),
                 CASE WHEN json_extract(one.value, '$[5]') = 0 THEN -json_extract(one.value, '$[10]') ELSE 0 END, 0
          FROM figure_changes, json_each(figure_changes.changes, '$.visits') AS one
          WHERE json_extract(one.value, '$[6]')
          UNION ALL
          SELECT json_extract(one.value, '$[2]'), json_extract(one.value, '$[3]'), json_extract(one.value, '$[1]'),
                 0, 0, 0, 0, 0, -json_extract(one.value, '$[6]')
          FROM figure_changes, json_each(figure_changes.changes, '$.shares') AS one
          WHERE json_extract(one.value, '$[5]')) AS added
    GROUP BY campaign, creative, quarter;
INSERT INTO creative_sums (span, campaign, creative, at, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 96, campaign, creative, CASE WHEN at < 0 THEN -1 ELSE at / 96 END AS day,
           sum(plays), sum(visible_ms), sum(scans),
           sum(visits), sum(pressed), sum(shares)
    FROM creative_sums WHERE span = 1 GROUP BY campaign, creative, day;
INSERT INTO creative_sums (span, campaign, creative, at, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 0, campaign, creative, 0, sum(plays), sum(visible_ms), sum(scans),
           sum(visits), sum(pressed), sum(shares)
    FROM creative_sums WHERE span = 96 GROUP BY campaign, creative;

CREATE TABLE screen_sums (
    span       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    screen     INTEGER NOT NULL,
    plays      INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    scans      INTEGER NOT NULL,
    visits     INTEGER NOT NULL,
    pressed    INTEGER NOT NULL,
    shares     INTEGER NOT NULL,
    PRIMARY KEY (span, at, screen)
) STRICT, WITHOUT ROWID;
INSERT INTO screen_sums (span, at, screen, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 96, CASE WHEN quarter < 0 THEN -1 ELSE quarter / 96 END AS day, screen,
           sum(plays), sum(visible_ms), sum(scans),
           sum(visits), sum(pressed), sum(shares)
    FROM screen_quarters GROUP BY day, screen;
INSERT INTO screen_sums (span, at, screen, plays, visible_ms, scans, visits, pressed, shares)
    SELECT 0, 0, screen, sum(plays), sum(visible_ms), sum(scans),
           sum(visits), sum(pressed), sum(shares)
    FROM screen_sums WHERE span = 96 GROUP BY screen;

-- One screen among many, and the screens of one campaign. None of these columns ever changes in a row that is there.
CREATE INDEX screen_quarters_by_screen ON screen_quarters (screen, quarter);
CREATE INDEX play_totals_by_content ON play_totals (content, screen);
CREATE INDEX contents_by_campaign ON contents (campaign);
-- Each play that was added up changed it.
DROP INDEX play_hours_by_content;
