-- Figures of all times, so that a report reads some rows a screen however long a hub has counted; links that were passed
-- on; and figures by the quarter of an hour, since days begin at half past or at a quarter to in some time zones. They
-- are kept like those by the hour (hub/src/store/rollups).

CREATE TABLE play_totals (
    screen     BIGINT NOT NULL,
    content    BIGINT NOT NULL,
    outcome    BIGINT NOT NULL,
    display    BIGINT NOT NULL,
    plays      BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL,
    PRIMARY KEY (screen, content, outcome, display)
);
INSERT INTO play_totals (screen, content, outcome, display, plays, visible_ms)
    SELECT screen, content, outcome, display, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT)
    FROM play_hours GROUP BY screen, content, outcome, display HAVING sum(plays) > 0;

CREATE TABLE scan_totals (
    screen    BIGINT NOT NULL,
    campaign  TEXT COLLATE "C" NOT NULL,
    creative  TEXT COLLATE "C" NOT NULL,
    grade     BIGINT NOT NULL,
    standing  BIGINT NOT NULL,
    scans     BIGINT NOT NULL,
    openings  BIGINT NOT NULL,
    seen      BIGINT NOT NULL,
    confirmed BIGINT NOT NULL,
    PRIMARY KEY (screen, campaign, creative, grade, standing)
);
INSERT INTO scan_totals (screen, campaign, creative, grade, standing, scans, openings, seen, confirmed)
    SELECT screen, campaign, creative, grade, standing, CAST(sum(scans) AS BIGINT), CAST(sum(openings) AS BIGINT),
           CAST(sum(seen) AS BIGINT), CAST(sum(confirmed) AS BIGINT)
    FROM scan_hours GROUP BY screen, campaign, creative, grade, standing HAVING sum(scans) > 0;

CREATE TABLE visit_totals (
    screen     BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    grade      BIGINT NOT NULL,
    counted    BOOLEAN NOT NULL,
    visits     BIGINT NOT NULL,
    seen       BIGINT NOT NULL,
    confirmed  BIGINT NOT NULL,
    pressed    BIGINT NOT NULL,
    PRIMARY KEY (screen, campaign, creative, generation, grade, counted)
);
INSERT INTO visit_totals (screen, campaign, creative, generation, grade, counted, visits, seen, confirmed, pressed)
    SELECT screen, campaign, creative, generation, grade, counted, CAST(sum(visits) AS BIGINT), CAST(sum(seen) AS BIGINT),
           CAST(sum(confirmed) AS BIGINT), CAST(sum(pressed) AS BIGINT)
    FROM visit_hours GROUP BY screen, campaign, creative, generation, grade, counted HAVING sum(visits) > 0;

-- Links that somebody got from somebody else, by when they were first opened; generation 1 are those of friends of who
-- scanned.
CREATE TABLE share_hours (
    screen     BIGINT NOT NULL,
    hour       BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    counted    BOOLEAN NOT NULL,
    shares     BIGINT NOT NULL,
    PRIMARY KEY (screen, hour, campaign, creative, generation, counted)
);
INSERT INTO share_hours (screen, hour, campaign, creative, generation, counted, shares)
    SELECT screen, created_ms / 3600000, campaign, creative, generation, grade < 2 AND standing < 2, count(*)
    FROM shares JOIN scans ON scans.id = scan WHERE parent IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;

CREATE TABLE share_totals (
    screen     BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    counted    BOOLEAN NOT NULL,
    shares     BIGINT NOT NULL,
    PRIMARY KEY (screen, campaign, creative, generation, counted)
);
INSERT INTO share_totals (screen, campaign, creative, generation, counted, shares)
    SELECT screen, campaign, creative, generation, counted, CAST(sum(shares) AS BIGINT)
    FROM share_hours GROUP BY screen, campaign, creative, generation, counted;

-- `scanned` is how many of the plays had a scan that counts within a day of their end.
CREATE TABLE play_quarters (
    screen     BIGINT NOT NULL,
    content    BIGINT NOT NULL,
    quarter    BIGINT NOT NULL,
    plays      BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL,
    scanned    BIGINT NOT NULL,
    PRIMARY KEY (screen, content, quarter)
);
INSERT INTO play_quarters (screen, content, quarter, plays, visible_ms, scanned)
    SELECT plays.screen, content, coalesce(wall_ms / 900000, -1), count(*), CAST(sum(visible_ms) AS BIGINT),
           count(*) FILTER (WHERE first_ms <= wall_ms + visible_ms + 86400000)
    FROM plays
    LEFT JOIN (SELECT screen, play, min(scanned_ms) AS first_ms FROM counted_scans GROUP BY screen, play) AS scanned
        ON scanned.screen = plays.screen AND scanned.play = plays.number
    GROUP BY 1, 2, 3;

-- What counts, by campaign: goals, and days and hours of any time zone, are made of it. `pressed` is without tools.
CREATE TABLE campaign_quarters (
    campaign TEXT COLLATE "C" NOT NULL,
    quarter  BIGINT NOT NULL,
    screen   BIGINT NOT NULL,
    scans    BIGINT NOT NULL,
    visits   BIGINT NOT NULL,
    pressed  BIGINT NOT NULL,
    shares   BIGINT NOT NULL,
    PRIMARY KEY (campaign, quarter, screen)
);
INSERT INTO campaign_quarters (campaign, quarter, screen, scans, visits, pressed, shares)
    SELECT campaign, quarter, screen, CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT), CAST(sum(shares) AS BIGINT)
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
    quarter    BIGINT NOT NULL,
    screen     BIGINT NOT NULL,
    plays      BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL,
    scans      BIGINT NOT NULL,
    visits     BIGINT NOT NULL,
    pressed    BIGINT NOT NULL,
    shares     BIGINT NOT NULL,
    PRIMARY KEY (quarter, screen)
);
INSERT INTO screen_quarters (quarter, screen, plays, visible_ms, scans, visits, pressed, shares)
    SELECT quarter, screen, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT), CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT),
           CAST(sum(pressed) AS BIGINT), CAST(sum(shares) AS BIGINT)
    FROM (SELECT quarter, screen, plays, visible_ms, 0 AS scans, 0 AS visits, 0 AS pressed, 0 AS shares
          FROM play_quarters
          UNION ALL
          SELECT quarter, screen, 0, 0, scans, visits, pressed, shares FROM campaign_quarters) AS summed
    GROUP BY quarter, screen;

-- What goals and reports of one campaign look up, without the rest.
CREATE INDEX play_hours_by_content ON play_hours (content, screen, hour, plays, visible_ms);

-- The names of files, also of those that were replaced since. What was replaced before this step has none.
CREATE TABLE creative_names (
    creative TEXT COLLATE "C" NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (creative, campaign, name)
);
INSERT INTO creative_names (creative, campaign, name)
    SELECT DISTINCT creative, campaign, body::jsonb -> 'placements' -> placement::integer ->> 'creative'
    FROM campaign_items JOIN campaigns ON campaigns.id = campaign
    WHERE body::jsonb -> 'placements' -> placement::integer ->> 'creative' IS NOT NULL;
