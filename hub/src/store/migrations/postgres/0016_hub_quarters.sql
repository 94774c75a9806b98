-- All screens together, so that a report of everything reads a row a quarter of an hour and not one a screen.
CREATE TABLE hub_quarters (
    quarter    BIGINT PRIMARY KEY,
    plays      BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL,
    scans      BIGINT NOT NULL,
    visits     BIGINT NOT NULL,
    pressed    BIGINT NOT NULL,
    shares     BIGINT NOT NULL
);
INSERT INTO hub_quarters (quarter, plays, visible_ms, scans, visits, pressed, shares)
    SELECT quarter, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT), CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT), CAST(sum(shares) AS BIGINT)
    FROM screen_quarters GROUP BY quarter;

-- What screens played that the hub had not given to them when it came to be counted: nearly nothing. Those that it has
-- given since are told by `assigned_contents`.
CREATE TABLE unassigned_plays (
    screen  BIGINT NOT NULL,
    content BIGINT NOT NULL REFERENCES contents,
    PRIMARY KEY (screen, content)
);
INSERT INTO unassigned_plays (screen, content)
    SELECT DISTINCT totals.screen, totals.content
    FROM play_totals AS totals JOIN contents ON contents.id = totals.content
    LEFT JOIN assigned_contents AS assigned
        ON assigned.screen = totals.screen AND assigned.content = totals.content
    WHERE contents.assignment <> 0 AND assigned.content IS NULL;
