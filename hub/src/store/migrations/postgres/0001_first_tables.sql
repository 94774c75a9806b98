-- All tables as the embedded database has them after its sixteen first steps, whose files say more of each, with the types
-- of PostgreSQL: whole numbers are BIGINT, also where they are small, so that a value has one type everywhere; what is
-- true or false is BOOLEAN; texts compare byte by byte, as they do in SQLite.

-- Single values: what codes start with.
CREATE TABLE settings (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE screens (
    number             BIGINT PRIMARY KEY,
    name               TEXT COLLATE "C" NOT NULL,
    created_ms         BIGINT NOT NULL,
    bearer_sha256      BYTEA UNIQUE,            -- NULL until its terminal has enrolled
    manifest_version   BIGINT NOT NULL,
    manifest_issued_ms BIGINT NOT NULL,
    last_seen_ms       BIGINT,
    heartbeat          TEXT,                    -- JSON, as the terminal sent it
    content_version    BIGINT,                  -- what it airs by its own word, and since when
    content_since_ms   BIGINT,
    revoked_ms         BIGINT                   -- since when its terminal is refused for good
);

-- One row an attempt; `screen` is set once an operator has claimed the code.
CREATE TABLE pairings (
    code           TEXT COLLATE "C" PRIMARY KEY,
    secret_sha256  BYTEA  NOT NULL,
    suggested_name TEXT   NOT NULL,
    created_ms     BIGINT NOT NULL,
    expires_ms     BIGINT NOT NULL,
    screen         BIGINT REFERENCES screens
);

-- What `screen add` or `screen renew` printed; `secret_sha256` is set once a terminal has used it.
CREATE TABLE enrolment_tokens (
    token_sha256  BYTEA PRIMARY KEY,
    screen        BIGINT  NOT NULL REFERENCES screens,
    expires_ms    BIGINT  NOT NULL,
    secret_sha256 BYTEA,
    renews        BOOLEAN NOT NULL DEFAULT FALSE
);

-- One row a generation of a screen's token key; the newest is the one with which the screen should mint.
CREATE TABLE token_keys (
    screen        BIGINT NOT NULL REFERENCES screens,
    generation    BIGINT NOT NULL CHECK (generation BETWEEN 0 AND 255),
    since_ms      BIGINT NOT NULL,
    superseded_ms BIGINT,
    retired_ms    BIGINT,
    PRIMARY KEY (screen, generation)
);

-- The keys with which screens sign what they have played.
CREATE TABLE device_keys (
    screen        BIGINT NOT NULL REFERENCES screens,
    key           TEXT COLLATE "C" NOT NULL,   -- Ed25519, 64 hexadecimal digits
    first_seen_ms BIGINT NOT NULL,
    last_seen_ms  BIGINT NOT NULL,
    PRIMARY KEY (screen, key)
);

-- Hosts of publishers' own that lead to this hub.
CREATE TABLE domains (
    name TEXT COLLATE "C" PRIMARY KEY
);

CREATE TABLE creatives (
    sha256           TEXT COLLATE "C" PRIMARY KEY,
    size             BIGINT NOT NULL,
    media_type       TEXT   NOT NULL,
    thumbnail        BYTEA  NOT NULL,          -- JPEG; empty, and 0 × 0, when there is nothing to see
    thumbnail_width  BIGINT NOT NULL,
    thumbnail_height BIGINT NOT NULL
);

-- An unpublished campaign stays, `live` = FALSE, so that codes which are still on a screen lead somewhere.
CREATE TABLE campaigns (
    id           TEXT COLLATE "C" PRIMARY KEY,
    body         TEXT    NOT NULL,             -- JSON
    everywhere   BOOLEAN NOT NULL,             -- also on screens that enrol later
    live         BOOLEAN NOT NULL,
    published_ms BIGINT  NOT NULL
);

CREATE TABLE campaign_items (
    campaign  TEXT COLLATE "C" NOT NULL REFERENCES campaigns,
    placement BIGINT NOT NULL,                 -- its place in the campaign, from 0
    creative  TEXT COLLATE "C" NOT NULL REFERENCES creatives,
    PRIMARY KEY (campaign, placement)
);

-- The files that a placement's creative refers to, by the names that it gives them.
CREATE TABLE campaign_parts (
    campaign  TEXT COLLATE "C" NOT NULL REFERENCES campaigns,
    placement BIGINT NOT NULL,
    name      TEXT COLLATE "C" NOT NULL,
    part      TEXT COLLATE "C" NOT NULL REFERENCES creatives,
    PRIMARY KEY (campaign, placement, name)
);

CREATE TABLE campaign_screens (
    campaign TEXT COLLATE "C" NOT NULL REFERENCES campaigns,
    screen   BIGINT NOT NULL REFERENCES screens,
    PRIMARY KEY (campaign, screen)
);

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
    screen    BIGINT NOT NULL REFERENCES screens,
    number    BIGINT NOT NULL,
    campaign  TEXT COLLATE "C" NOT NULL REFERENCES campaigns,
    placement BIGINT NOT NULL,
    creative  TEXT COLLATE "C" NOT NULL REFERENCES creatives,
    PRIMARY KEY (screen, number),
    UNIQUE (screen, campaign, placement, creative)
);

-- Every file that a manifest of a screen ever named: what its terminal may fetch. Append-only as well.
CREATE TABLE screen_files (
    screen BIGINT NOT NULL REFERENCES screens,
    file   TEXT COLLATE "C" NOT NULL REFERENCES creatives,
    PRIMARY KEY (screen, file)
);

-- One incarnation of a terminal's ledger, and how far it is stored here.
CREATE TABLE ledgers (
    id        BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    screen    BIGINT NOT NULL REFERENCES screens,
    epoch     TEXT COLLATE "C" NOT NULL,
    last_seq  BIGINT NOT NULL,
    opened_ms BIGINT NOT NULL,
    UNIQUE (screen, epoch)
);

-- One boot of a terminal. From `redate_from_ms` of its clock on its plays wait to be dated anew.
CREATE TABLE boots (
    id             BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    screen         BIGINT NOT NULL REFERENCES screens,
    boot           TEXT COLLATE "C" NOT NULL,
    redate_from_ms BIGINT,
    UNIQUE (screen, boot)
);
CREATE INDEX boots_to_redate ON boots (screen) WHERE redate_from_ms IS NOT NULL;

-- All that is known about the time of a boot.
CREATE TABLE anchors (
    boot    BIGINT NOT NULL REFERENCES boots,
    boot_ms BIGINT NOT NULL,
    wall_ms BIGINT NOT NULL,
    PRIMARY KEY (boot, boot_ms)
);

CREATE TABLE contents (
    id         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    assignment BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    UNIQUE (assignment, campaign, creative)
);

-- Which contents were given to which screen: only plays of these are a campaign's.
CREATE VIEW assigned_contents AS
    SELECT assignments.screen, contents.id AS content, assignments.number AS assignment, contents.campaign, contents.creative
    FROM contents JOIN assignments
        ON assignments.number = contents.assignment AND assignments.campaign = contents.campaign
        AND assignments.creative = contents.creative;

-- Rows come by the million, and name only what the same transaction has made or found: they refer to it without a
-- check a row.
CREATE TABLE plays (
    ledger        BIGINT NOT NULL,
    seq           BIGINT NOT NULL,
    screen        BIGINT NOT NULL,
    number        BIGINT NOT NULL,
    content       BIGINT NOT NULL,
    boot          BIGINT NOT NULL,
    start_boot_ms BIGINT NOT NULL,
    visible_ms    BIGINT NOT NULL,
    outcome       BIGINT NOT NULL,
    received_ms   BIGINT NOT NULL,
    wall_ms       BIGINT,                      -- NULL until an anchor of its boot is known
    display       BIGINT NOT NULL DEFAULT 0,   -- 0 unknown, 1 on, 2 off
    said_number   BIGINT,                      -- where another play of the screen has it already
    PRIMARY KEY (ledger, seq),
    UNIQUE (screen, number)
);
CREATE INDEX plays_by_content ON plays (screen, content, wall_ms);
CREATE INDEX plays_by_boot ON plays (boot, start_boot_ms);

-- Rows refused for good, kept so that a batch which is sent again gets the same answer.
CREATE TABLE refused_plays (
    ledger BIGINT NOT NULL REFERENCES ledgers,
    seq    BIGINT NOT NULL,
    code   TEXT   NOT NULL,
    PRIMARY KEY (ledger, seq)
);

-- Plays that were shown and will never come.
CREATE TABLE gaps (
    ledger        BIGINT NOT NULL REFERENCES ledgers,
    after_seq     BIGINT NOT NULL,
    reason        BIGINT NOT NULL,             -- 0 full, 1 disk, 2 interrupted, 3 damaged, 4 pruned
    plays         BIGINT NOT NULL,
    boot          TEXT   NOT NULL,
    from_boot_ms  BIGINT NOT NULL,
    until_boot_ms BIGINT NOT NULL,
    PRIMARY KEY (ledger, after_seq, reason)
);

-- Daily salts of visitors' pseudonyms; deleted after two days.
CREATE TABLE salts (
    day  TEXT COLLATE "C" PRIMARY KEY,
    salt BYTEA NOT NULL
);

CREATE TABLE scans (
    id         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    screen     BIGINT NOT NULL,
    play       BIGINT NOT NULL,
    visitor    BYTEA  NOT NULL,
    grade      BIGINT NOT NULL,                -- 0 browser, 1 tool, 2 robot
    assignment BIGINT NOT NULL,
    campaign   TEXT COLLATE "C" NOT NULL,
    creative   TEXT COLLATE "C" NOT NULL,
    minted_ms  BIGINT,                         -- NULL when the terminal did not trust its clock
    scanned_ms BIGINT NOT NULL,
    standing   BIGINT NOT NULL,                -- 0 fresh, 1 late, 2 replay, 3 unaired, 4 flood
    settled    BOOLEAN NOT NULL,               -- FALSE while the ledger may still change that
    openings   BIGINT NOT NULL DEFAULT 1,      -- by this visitor, the first included
    UNIQUE (screen, play, visitor)
);
CREATE INDEX scans_by_campaign ON scans (campaign, scanned_ms);
CREATE INDEX scans_unsettled ON scans (screen, play) WHERE NOT settled;
CREATE INDEX scans_late ON scans (screen, play) WHERE standing = 1;
CREATE INDEX scans_counted_by_visitor ON scans (visitor, scanned_ms) WHERE grade < 2 AND standing < 2;

-- What every figure is made of: people and tools, at the screen or a little later.
CREATE VIEW counted_scans AS SELECT * FROM scans WHERE grade < 2 AND standing < 2;

-- Openings that led to no row, by the codes of `Refusal`.
CREATE TABLE refused_openings (
    day   TEXT COLLATE "C" NOT NULL,
    why   BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (day, why)
);

-- One link that can be passed on. `made_for` opened the parent; `owner` is who opened this one first.
CREATE TABLE shares (
    id         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL UNIQUE,
    scan       BIGINT NOT NULL,
    parent     BIGINT REFERENCES shares,
    generation BIGINT NOT NULL,
    made_for   BYTEA  NOT NULL,
    owner      BYTEA,
    created_ms BIGINT NOT NULL,
    children   BIGINT NOT NULL DEFAULT 0,      -- how many links were made below it
    UNIQUE (parent, made_for)
);
CREATE UNIQUE INDEX shares_of_scans ON shares (scan) WHERE parent IS NULL;
CREATE INDEX shares_by_scan ON shares (scan, generation);

CREATE TABLE visits (
    share        BIGINT NOT NULL,
    visitor      BYTEA  NOT NULL,
    visited_ms   BIGINT NOT NULL,
    clicked_ms   BIGINT,                       -- when the button was pressed first
    seen_ms      BIGINT,                       -- when the page's picture was loaded first
    confirmed_ms BIGINT,                       -- when the page was visible first
    grade        BIGINT NOT NULL DEFAULT 0,    -- 0 browser, 1 tool
    PRIMARY KEY (share, visitor)
);
