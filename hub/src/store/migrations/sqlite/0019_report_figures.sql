-- Figures of all times, so that a report reads some rows a screen however long a hub has counted; links that were passed
-- on; and figures by the quarter of an hour, since days begin at half past or at a quarter to in some time zones. They
-- are kept like those by the hour (hub/src/store/rollups).

CREATE TABLE play_totals (
    screen     INTEGER NOT NULL,
    content    INTEGER NOT NULL REFERENCES contents,
    outcome    INTEGER NOT NULL,
    display    INTEGER NOT NULL,
    plays      INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    PRIMARY KEY (screen, content, outcome, display)
) STRICT, WITHOUT ROWID;
INSERT INTO play_totals (screen, content, outcome, display, plays, visible_ms)
    SELECT screen, content, outcome, display, sum(plays), sum(visible_ms)
    FROM play_hours GROUP BY screen, content, outcome, display HAVING sum(plays) > 0;

CREATE TABLE scan_totals (
    screen    INTEGER NOT NULL,
    campaign  TEXT NOT NULL,
    creative  TEXT NOT NULL,
    grade     INTEGER NOT NULL,
    standing  INTEGER NOT NULL,
    scans     INTEGER NOT NULL,
    openings  INTEGER NOT NULL,
    seen      INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    PRIMARY KEY (screen, campaign, creative, grade, standing)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_totals (screen, campaign, creative, grade, standing, scans, openings, seen, confirmed)
    SELECT screen, campaign, creative, grade, standing, sum(scans), sum(openings),
           sum(seen), sum(confirmed)
    FROM scan_hours GROUP BY screen, campaign, creative, grade, standing HAVING sum(scans) > 0;

CREATE TABLE visit_totals (
    screen     INTEGER NOT NULL,
    campaign   TEXT NOT NULL,
    creative   TEXT NOT NULL,
    generation INTEGER NOT NULL,
    grade      INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    visits     INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    confirmed  INTEGER NOT NULL,
    pressed    INTEGER NOT NULL,
    PRIMARY KEY (screen, campaign, creative, generation, grade, counted)
) STRICT, WITHOUT ROWID;
INSERT INTO visit_totals (screen, campaign, creative, generation, grade, counted, visits, seen, confirmed, pressed)
    SELECT screen, campaign, creative, generation, grade, counted, sum(visits), sum(seen),
           sum(confirmed), sum(pressed)
    FROM visit_hours GROUP BY screen, campaign, creative, generation, grade, counted HAVING sum(visits) > 0;

-- Links that somebody got from somebody else, by when they were first opened; generation 1 are those of friends of who
-- scanned.
CREATE TABLE share_hours (
    screen     INTEGER NOT NULL,
    hour       INTEGER NOT NULL,
    campaign   TEXT NOT NULL,
    creative   TEXT NOT NULL,
    generation INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    shares     INTEGER NOT NULL,
    PRIMARY KEY (screen, hour, campaign, creative, generation, counted)
) STRICT, WITHOUT ROWID;
INSERT INTO share_hours (screen, hour, campaign, creative, generation, counted, shares)
    SELECT screen, created_ms / 3600000, campaign, creative, generation, grade < 2 AND standing < 2, count(*)
    FROM shares JOIN scans ON scans.id = scan WHERE parent IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;

CREATE TABLE share_totals (
    screen     INTEGER NOT NULL,
    campaign   TEXT NOT NULL,
    creative   TEXT NOT NULL,
    generation INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    shares     INTEGER NOT NULL,
    PRIMARY KEY (screen, campaign, creative, generation, counted)
) STRICT, WITHOUT ROWID;
INSERT INTO share_totals (screen, campaign, creative, generation, counted, shares)
    SELECT screen, campaign, creative, generation, counted, sum(shares)
    FROM share_hours GROUP BY screen, campaign, creative, generation, counted;

-- `scanned` is how many of the plays had a scan that counts within a day of their end.
CREATE TABLE play_quarters (
    screen     INTEGER NOT NULL,
    content    INTEGER NOT NULL REFERENCES contents,
    quarter    INTEGER NOT NULL,
    plays      INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    scanned    INTEGER NOT NULL,
    PRIMARY KEY (screen, content, quarter)
) STRICT, WITHOUT ROWID;
INSERT INTO play_quarters (screen, content, quarter, plays, visible_ms, scanned)
    SELECT plays.screen, content, coalesce(wall_ms / 900000, -1), count(*), sum(visible_ms),
           count(*) FILTER (WHERE first_ms <= wall_ms + visible_ms + 86400000)
    FROM plays
    LEFT JOIN (SELECT screen, play, min(scanned_ms) AS first_ms FROM counted_scans GROUP BY screen, play) AS scanned
        ON scanned.screen = plays.screen AND scanned.play = plays.number
    GROUP BY 1, 2, 3;

-- What counts, by campaign: goals, and days and hours of any time zone, are made of it. `pressed` is without tools.
CREATE TABLE campaign_quarters (
    campaign TEXT NOT NULL,
    quarter  INTEGER NOT NULL,
    screen   INTEGER NOT NULL,
    scans    INTEGER NOT NULL,
    visits   INTEGER NOT NULL,
    pressed  INTEGER NOT NULL,
    shares   INTEGER NOT NULL,
    PRIMARY KEY (campaign, quarter, screen)
) STRICT, WITHOUT ROWID;
INSERT INTO campaign_quarters (campaign, quarter, screen, scans, visits, pressed, shares)
    SELECT campaign, quarter, screen, sum(scans), sum(visits), sum(pressed), sum(shares)
    FROM (SELECT campaign, scanned_ms / 900000 AS quarter, screen, 1 AS scans, 0 AS visits, 0 AS pressed, 0 AS shares
          FROM counted_scans
          UNION ALL
          SELECT campaign, visited_ms / 900000, screen, 0, 1,
                 CASE WHEN visits.grade = 0 AND clicked_ms IS NOT NULL THEN 1 ELSE 0 END, 0
          FROM visits JOIN shares ON shares.id = share JOIN counted_scans ON counted_scans.id = scan
          UNION ALL
          SELECT campaign, created_ms / 900000, screen, 0, 0, 0, 1
          FROM shares JOIN counted_scans ON counted_scans.id = scan WHERE parent IS NOT NULL) AS counted
    GROUP BY campaign, quarter, screen;

-- The same of all campaigns, with all plays, also those of what the hub never gave to the screen.
CREATE TABLE screen_quarters (
    quarter    INTEGER NOT NULL,
    screen     INTEGER NOT NULL,
    plays      INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    scans      INTEGER NOT NULL,
    visits     INTEGER NOT NULL,
    pressed    INTEGER NOT NULL,
    shares     INTEGER NOT NULL,
    PRIMARY KEY (quarter, screen)
) STRICT, WITHOUT ROWID;
INSERT INTO screen_quarters (quarter, screen, plays, visible_ms, scans, visits, pressed, shares)
    SELECT quarter, screen, sum(plays), sum(visible_ms), sum(scans), sum(visits),
           sum(pressed), sum(shares)
    FROM (SELECT quarter, screen, plays, visible_ms, 0 AS scans, 0 AS visits, 0 AS pressed, 0 AS shares
          FROM play_quarters
          UNION ALL
          SELECT quarter, screen, 0, 0, scans, visits, pressed, shares FROM campaign_quarters) AS summed
    GROUP BY quarter, screen;

-- What goals and reports of one campaign look up, without the rest.
CREATE INDEX play_hours_by_content ON play_hours (content, screen, hour, plays, visible_ms);

-- The names of files, also of those that were replaced since. What was replaced before this step has none.
CREATE TABLE creative_names (
    creative TEXT NOT NULL,
    campaign TEXT NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (creative, campaign, name)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO creative_names (creative, campaign, name)
    SELECT creative, campaign, json_extract(body, '$.placements[' || placement || '].creative')
    FROM campaign_items JOIN campaigns ON campaigns.id = campaign
    WHERE json_valid(body) AND json_extract(body, '$.placements[' || placement || '].creative') IS NOT NULL;
