-- Campaigns that people work on in the console (hub/src/drafts): each is a campaign folder, its text here and its files
-- by their names. It has a row of `campaigns` once it was published.
CREATE TABLE drafts (
    campaign           TEXT COLLATE "C" PRIMARY KEY,
    body               TEXT    NOT NULL,            -- campaign.toml; empty where there is none
    state              TEXT    NOT NULL,            -- draft or submitted
    revision           BIGINT NOT NULL,            -- one more with each change
    group_name         TEXT COLLATE "C" NOT NULL,            -- until it is published; empty for none
    targets            TEXT    NOT NULL,            -- JSON: the screens that it is for
    note               TEXT    NOT NULL,            -- of whoever handed it in or sent it back
    changed_by         TEXT    NOT NULL,
    changed_ms         BIGINT NOT NULL,
    checked            TEXT,                        -- JSON: what was found of which revision
    published_revision BIGINT,                     -- the revision that was published last
    version            BIGINT                       -- the version of the campaign that it goes back to
);
CREATE INDEX drafts_by_state ON drafts (state, campaign);

CREATE TABLE draft_files (
    campaign TEXT COLLATE "C" NOT NULL REFERENCES drafts,
    name     TEXT COLLATE "C" NOT NULL,
    file     TEXT COLLATE "C" NOT NULL REFERENCES creatives,
    added_ms BIGINT NOT NULL,
    PRIMARY KEY (campaign, name)
);
CREATE INDEX draft_files_by_file ON draft_files (file);

-- What was published, whoever did it; the newest of each campaign are kept.
CREATE TABLE campaign_versions (
    campaign TEXT COLLATE "C" NOT NULL REFERENCES campaigns,
    number   BIGINT NOT NULL,
    body     TEXT    NOT NULL,                      -- campaign.toml
    targets  TEXT    NOT NULL,                      -- JSON
    made_by  TEXT    NOT NULL,
    made_ms  BIGINT NOT NULL,
    PRIMARY KEY (campaign, number)
);

CREATE TABLE campaign_version_files (
    campaign TEXT COLLATE "C" NOT NULL REFERENCES campaigns,
    number   BIGINT NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    file     TEXT COLLATE "C" NOT NULL REFERENCES creatives,
    PRIMARY KEY (campaign, number, name)
);
CREATE INDEX campaign_version_files_by_file ON campaign_version_files (file);

-- Files that somebody is about to name, and those that are being deleted: nobody may claim what is being deleted.
CREATE TABLE file_claims (
    file     TEXT COLLATE "C" PRIMARY KEY,
    until_ms BIGINT NOT NULL,
    dropped  BOOLEAN NOT NULL
);
