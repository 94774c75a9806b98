-- Which contents were given to which screen: only plays of these are a campaign's. What a screen plays of its own has
-- assignment 0, and everything else that a terminal may say of itself is in no total.
CREATE VIEW assigned_contents AS
    SELECT assignments.screen, contents.id AS content, assignments.number AS assignment, contents.campaign, contents.creative
    FROM contents JOIN assignments
        ON assignments.number = contents.assignment AND assignments.campaign = contents.campaign
        AND assignments.creative = contents.creative;

-- Every file that a manifest of a screen ever named: what its terminal may fetch. Append-only, like assignments, since a
-- terminal may still hold an older manifest.
CREATE TABLE screen_files (
    screen INTEGER NOT NULL REFERENCES screens,
    file   TEXT    NOT NULL REFERENCES creatives,
    PRIMARY KEY (screen, file)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO screen_files SELECT screen, creative FROM assignments;
-- Of parts, those are known that the campaigns have now.
INSERT OR IGNORE INTO screen_files
    SELECT DISTINCT assignments.screen, part FROM assignments JOIN campaign_parts USING (campaign);
