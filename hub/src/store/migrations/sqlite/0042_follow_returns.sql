-- What chains led to: who follows of which scan, and how often they came back (hub/src/store/followers).

-- The scan with which the chain began that led to them; gone with them, and NULL once it is pruned.
ALTER TABLE followers ADD COLUMN scan INTEGER;
-- The name of their own link then; what they typed there is theirs.
ALTER TABLE followers ADD COLUMN link TEXT;
CREATE INDEX followers_by_scan ON followers (scan) WHERE scan IS NOT NULL;
-- When that scan was, to the hour.
ALTER TABLE follow_facts ADD COLUMN scanned_ms INTEGER;

-- How often those who follow came back to a screen within an hour.
CREATE TABLE follow_returns (
    campaign TEXT    NOT NULL,
    screen   INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    returns  INTEGER NOT NULL,
    PRIMARY KEY (campaign, screen, at_ms)
) STRICT, WITHOUT ROWID;
