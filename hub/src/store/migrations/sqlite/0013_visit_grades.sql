-- A press of the button counts only on a visit, so it never makes one; programs that are no browser stand apart.
ALTER TABLE visits ADD COLUMN grade INTEGER NOT NULL DEFAULT 0;  -- 0 browser, 1 tool
-- Presses without a visit made one until now. They are told by their time, which is the visit's own, and by what the page
-- never reported of it.
INSERT INTO refused_openings (day, why, count)
    SELECT strftime('%Y-%m-%d', visited_ms / 1000, 'unixepoch'), 6, count(*)
    FROM visits WHERE clicked_ms = visited_ms AND seen_ms IS NULL AND confirmed_ms IS NULL
    GROUP BY 1;
DELETE FROM visits WHERE clicked_ms = visited_ms AND seen_ms IS NULL AND confirmed_ms IS NULL;
