-- Campaigns that people work on in the console (hub/src/drafts): each is a campaign folder, its text here and its files
-- by their names. It has a row of `campaigns` once it was published.
CREATE TABLE drafts (
    campaign           TEXT    PRIMARY KEY,
    body               TEXT    NOT NULL,            -- campaign.toml; empty where there is none
    state              TEXT    NOT NULL,            -- draft or submitted
    revision           INTEGER NOT NULL,            -- one more with each change
    group_name         TEXT    NOT NULL,            -- until it is published; empty for none
    targets            TEXT    NOT NULL,            -- JSON: the screens that it is for
    note               TEXT    NOT NULL,            -- of whoever handed it in or sent it back
    changed_by         TEXT    NOT NULL,
    changed_ms         INTEGER NOT NULL,
    checked            TEXT,                        -- JSON: what was found of which revision
    published_revision INTEGER,                     -- the revision that was published last
    version            INTEGER                      -- the version of the campaign that it goes back to
) STRICT;
CREATE INDEX drafts_by_state ON drafts (state, campaign);

CREATE TABLE draft_files (
    campaign TEXT    NOT NULL REFERENCES drafts,
    name     TEXT    NOT NULL,
    file     TEXT    NOT NULL REFERENCES creatives,
    added_ms INTEGER NOT NULL,
    PRIMARY KEY (campaign, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX draft_files_by_file ON draft_files (file);

-- What was published, whoever did it; the newest of each campaign are kept.
CREATE TABLE campaign_versions (
    campaign TEXT    NOT NULL REFERENCES campaigns,
    number   INTEGER NOT NULL,
    body     TEXT    NOT NULL,                      -- campaign.toml
    targets  TEXT    NOT NULL,                      -- JSON
    made_by  TEXT    NOT NULL,
    made_ms  INTEGER NOT NULL,
    PRIMARY KEY (campaign, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign_version_files (
    campaign TEXT    NOT NULL REFERENCES campaigns,
    number   INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    file     TEXT    NOT NULL REFERENCES creatives,
    PRIMARY KEY (campaign, number, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX campaign_version_files_by_file ON campaign_version_files (file);

-- Files that somebody is about to name, and those that are being deleted: nobody may claim what is being deleted.
CREATE TABLE file_claims (
    file     TEXT    PRIMARY KEY,
    until_ms INTEGER NOT NULL,
    dropped  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
