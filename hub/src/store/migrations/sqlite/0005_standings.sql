-- What each opening counts for (hub/src/scans/verdict.rs), what pages reported back, and what was refused.

-- Scans from before all this stay counted.
ALTER TABLE scans ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;  -- 0 fresh, 1 late, 2 replay, 3 unaired, 4 flood
ALTER TABLE scans ADD COLUMN settled  INTEGER NOT NULL DEFAULT 1;  -- 0 while the ledger may still change that
ALTER TABLE scans ADD COLUMN openings INTEGER NOT NULL DEFAULT 1;  -- by this visitor, the first included
CREATE INDEX scans_unsettled ON scans (screen, play) WHERE settled = 0;
CREATE INDEX scans_late ON scans (screen, play) WHERE standing = 1;
CREATE INDEX scans_by_visitor ON scans (visitor, scanned_ms);

-- What every figure is made of: people and tools, at the screen or a little later.
CREATE VIEW counted_scans AS SELECT * FROM scans WHERE grade < 2 AND standing < 2;

ALTER TABLE visits ADD COLUMN seen_ms      INTEGER;  -- when the page's picture was loaded first
ALTER TABLE visits ADD COLUMN confirmed_ms INTEGER;  -- when the page was visible first

-- Since when a screen holds the content that it airs, by its own word.
ALTER TABLE screens ADD COLUMN content_version  INTEGER;
ALTER TABLE screens ADD COLUMN content_since_ms INTEGER;
CREATE TRIGGER content_changed AFTER UPDATE OF heartbeat ON screens
WHEN (new.heartbeat ->> '$.manifest_version') IS NOT new.content_version
BEGIN
    UPDATE screens SET content_version = new.heartbeat ->> '$.manifest_version', content_since_ms = new.last_seen_ms
    WHERE number = new.number;
END;

-- Openings that led to no row: 0 malformed, 1 forged, 2 retired, 3 expired.
CREATE TABLE refused_openings (
    day   TEXT    NOT NULL,
    why   INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, why)
) STRICT, WITHOUT ROWID;
-- They were not told apart before; most were cut short.
INSERT INTO refused_openings SELECT day, 0, count FROM bad_tokens;
DROP TABLE bad_tokens;
