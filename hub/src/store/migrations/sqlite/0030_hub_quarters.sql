-- All screens together, so that a report of everything reads a row a quarter of an hour and not one a screen.
CREATE TABLE hub_quarters (
    quarter    INTEGER PRIMARY KEY,
    plays      INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    scans      INTEGER NOT NULL,
    visits     INTEGER NOT NULL,
    pressed    INTEGER NOT NULL,
    shares     INTEGER NOT NULL
) STRICT;
INSERT INTO hub_quarters (quarter, plays, visible_ms, scans, visits, pressed, shares)
    SELECT quarter, sum(plays), sum(visible_ms), sum(scans), sum(visits), sum(pressed), sum(shares)
    FROM screen_quarters GROUP BY quarter;

-- What screens played that the hub had not given to them when it came to be counted: nearly nothing. Those that it has
-- given since are told by `assigned_contents`.
CREATE TABLE unassigned_plays (
    screen  INTEGER NOT NULL,
    content INTEGER NOT NULL REFERENCES contents,
    PRIMARY KEY (screen, content)
) STRICT, WITHOUT ROWID;
INSERT INTO unassigned_plays (screen, content)
    SELECT DISTINCT totals.screen, totals.content
    FROM play_totals AS totals JOIN contents ON contents.id = totals.content
    LEFT JOIN assigned_contents AS assigned
        ON assigned.screen = totals.screen AND assigned.content = totals.content
    WHERE contents.assignment <> 0 AND assigned.content IS NULL;
