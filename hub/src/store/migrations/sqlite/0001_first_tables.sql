-- Ids have the text form that they have on the wire; times are Unix milliseconds.

-- Single values: what codes start with.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE screens (
    number             INTEGER PRIMARY KEY,
    name               TEXT    NOT NULL,
    created_ms         INTEGER NOT NULL,
    key_generation     INTEGER NOT NULL DEFAULT 0,
    bearer_sha256      BLOB UNIQUE,            -- NULL until its terminal has enrolled
    manifest_version   INTEGER NOT NULL,
    manifest_issued_ms INTEGER NOT NULL,
    last_seen_ms       INTEGER,
    heartbeat          TEXT                    -- JSON, as the terminal sent it
) STRICT;

-- One row an attempt; `screen` is set once an operator has claimed the code.
CREATE TABLE pairings (
    code           TEXT PRIMARY KEY,
    secret_sha256  BLOB    NOT NULL,
    suggested_name TEXT    NOT NULL,
    created_ms     INTEGER NOT NULL,
    expires_ms     INTEGER NOT NULL,
    screen         INTEGER REFERENCES screens
) STRICT, WITHOUT ROWID;

-- What `screen add` printed; `secret_sha256` is set once a terminal has used it.
CREATE TABLE enrolment_tokens (
    token_sha256  BLOB PRIMARY KEY,
    screen        INTEGER NOT NULL REFERENCES screens,
    expires_ms    INTEGER NOT NULL,
    secret_sha256 BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE creatives (
    sha256           TEXT PRIMARY KEY,
    size             INTEGER NOT NULL,
    media_type       TEXT    NOT NULL,
    thumbnail        BLOB    NOT NULL,         -- JPEG; empty, and 0 × 0, when there is nothing to see
    thumbnail_width  INTEGER NOT NULL,
    thumbnail_height INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An unpublished campaign stays, `live` = 0, so that codes which are still on a screen lead somewhere.
CREATE TABLE campaigns (
    id           TEXT PRIMARY KEY,
    body         TEXT    NOT NULL,             -- JSON
    everywhere   INTEGER NOT NULL,             -- also on screens that enrol later
    live         INTEGER NOT NULL,
    published_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign_items (
    campaign  TEXT    NOT NULL REFERENCES campaigns,
    placement INTEGER NOT NULL,                -- its place in the campaign, from 0
    creative  TEXT    NOT NULL REFERENCES creatives,
    PRIMARY KEY (campaign, placement)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign_screens (
    campaign TEXT    NOT NULL REFERENCES campaigns,
    screen   INTEGER NOT NULL REFERENCES screens,
    PRIMARY KEY (campaign, screen)
) STRICT, WITHOUT ROWID;

-- What airs where.
CREATE VIEW airing AS
    SELECT campaigns.id AS campaign, screens.number AS screen
    FROM campaigns JOIN screens
        ON everywhere
        OR EXISTS (SELECT 1 FROM campaign_screens AS chosen
                   WHERE chosen.campaign = campaigns.id AND chosen.screen = screens.number)
    WHERE live;

-- Append-only: a token that was shown once can be resolved for ever.
CREATE TABLE assignments (
    screen    INTEGER NOT NULL REFERENCES screens,
    number    INTEGER NOT NULL,
    campaign  TEXT    NOT NULL REFERENCES campaigns,
    placement INTEGER NOT NULL,
    creative  TEXT    NOT NULL REFERENCES creatives,
    PRIMARY KEY (screen, number),
    UNIQUE (screen, campaign, placement, creative)
) STRICT, WITHOUT ROWID;

-- One incarnation of a terminal's ledger, and how far it is stored here.
CREATE TABLE ledgers (
    id        INTEGER PRIMARY KEY,
    screen    INTEGER NOT NULL REFERENCES screens,
    epoch     TEXT    NOT NULL,
    last_seq  INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL,
    UNIQUE (screen, epoch)
) STRICT;

-- One boot of a terminal and the newest anchor that dates its plays.
CREATE TABLE boots (
    id             INTEGER PRIMARY KEY,
    screen         INTEGER NOT NULL REFERENCES screens,
    boot           TEXT    NOT NULL,
    anchor_boot_ms INTEGER,
    anchor_wall_ms INTEGER,
    UNIQUE (screen, boot)
) STRICT;

CREATE TABLE contents (
    id         INTEGER PRIMARY KEY,
    assignment INTEGER NOT NULL,
    campaign   TEXT    NOT NULL,
    creative   TEXT    NOT NULL,
    UNIQUE (assignment, campaign, creative)
) STRICT;

CREATE TABLE plays (
    ledger        INTEGER NOT NULL REFERENCES ledgers,
    seq           INTEGER NOT NULL,
    screen        INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    content       INTEGER NOT NULL REFERENCES contents,
    boot          INTEGER NOT NULL REFERENCES boots,
    start_boot_ms INTEGER NOT NULL,
    visible_ms    INTEGER NOT NULL,
    outcome       INTEGER NOT NULL,
    received_ms   INTEGER NOT NULL,
    wall_ms       INTEGER,                     -- NULL until an anchor of its boot is known
    PRIMARY KEY (ledger, seq),
    UNIQUE (screen, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX plays_by_content ON plays (screen, content, wall_ms);
CREATE INDEX plays_undated ON plays (boot) WHERE wall_ms IS NULL;

-- Rows refused for good, kept so that a batch which is sent again gets the same answer.
CREATE TABLE refused_plays (
    ledger INTEGER NOT NULL REFERENCES ledgers,
    seq    INTEGER NOT NULL,
    code   TEXT    NOT NULL,
    PRIMARY KEY (ledger, seq)
) STRICT, WITHOUT ROWID;

-- Daily salts of visitors' pseudonyms; deleted after two days.
CREATE TABLE salts (
    day  TEXT PRIMARY KEY,
    salt BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE scans (
    id         INTEGER PRIMARY KEY,
    screen     INTEGER NOT NULL REFERENCES screens,
    play       INTEGER NOT NULL,
    visitor    BLOB    NOT NULL,
    grade      INTEGER NOT NULL,               -- 0 browser, 1 tool, 2 robot
    assignment INTEGER NOT NULL,
    campaign   TEXT    NOT NULL,
    creative   TEXT    NOT NULL,
    minted_ms  INTEGER,                        -- NULL when the terminal did not trust its clock
    scanned_ms INTEGER NOT NULL,
    UNIQUE (screen, play, visitor)
) STRICT;
CREATE INDEX scans_by_campaign ON scans (campaign, scanned_ms);

CREATE TABLE bad_tokens (
    day   TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One link that can be passed on. `made_for` opened the parent; `owner` is who opened this one first.
CREATE TABLE shares (
    id         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    scan       INTEGER NOT NULL REFERENCES scans,
    parent     INTEGER REFERENCES shares,
    generation INTEGER NOT NULL,
    made_for   BLOB    NOT NULL,
    owner      BLOB,
    created_ms INTEGER NOT NULL,
    UNIQUE (parent, made_for)
) STRICT;
CREATE UNIQUE INDEX shares_of_scans ON shares (scan) WHERE parent IS NULL;
CREATE INDEX shares_by_scan ON shares (scan, generation);

CREATE TABLE visits (
    share      INTEGER NOT NULL REFERENCES shares,
    visitor    BLOB    NOT NULL,
    visited_ms INTEGER NOT NULL,
    clicked_ms INTEGER,                        -- when the button was pressed first
    PRIMARY KEY (share, visitor)
) STRICT, WITHOUT ROWID;
