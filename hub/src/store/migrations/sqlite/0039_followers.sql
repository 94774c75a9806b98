-- People who follow a campaign (hub/src/store/followers). What leads to a person is in `followers` and what refers to it,
-- sealed with keys.json; that somebody followed, and left, is a figure and stays without them.

-- The picture of a campaign's account elsewhere.
CREATE TABLE account_pictures (
    campaign TEXT PRIMARY KEY REFERENCES campaigns,
    file     TEXT NOT NULL REFERENCES creatives
) STRICT, WITHOUT ROWID;

-- One for each who has confirmed. Times are whole hours.
CREATE TABLE follow_facts (
    id        INTEGER PRIMARY KEY,
    campaign  TEXT    NOT NULL REFERENCES campaigns,
    screen    INTEGER NOT NULL REFERENCES screens,
    joined_ms INTEGER NOT NULL,
    gone_ms   INTEGER
) STRICT;
CREATE INDEX follow_facts_by_campaign ON follow_facts (campaign, joined_ms);

CREATE TABLE followers (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,     -- of their private link
    campaign      TEXT    NOT NULL REFERENCES campaigns,
    screen        INTEGER NOT NULL REFERENCES screens, -- where they began
    address_hmac  BLOB    NOT NULL,            -- finds the address again
    sealed        BLOB    NOT NULL,            -- the address
    language      TEXT    NOT NULL,
    consent       INTEGER NOT NULL,            -- the version of the text that they agreed to
    asked_ms      INTEGER NOT NULL,
    confirmed_ms  INTEGER,
    ends_ms       INTEGER NOT NULL,
    fact          INTEGER REFERENCES follow_facts,
    phone_hmac    BLOB,                        -- of the cookie of the phone that is remembered
    phone_ends_ms INTEGER,
    visits        INTEGER NOT NULL DEFAULT 1,
    visit_ms      INTEGER NOT NULL,            -- when they were last here
    last_share    INTEGER NOT NULL,            -- the newest link of theirs that was counted
    UNIQUE (campaign, address_hmac)
) STRICT;
CREATE INDEX followers_by_address ON followers (address_hmac);
CREATE INDEX followers_by_phone ON followers (phone_hmac) WHERE phone_hmac IS NOT NULL;
CREATE INDEX followers_by_end ON followers (ends_ms);

-- When somebody asked for mail: by an address or by a pseudonym. Forgotten after a day.
CREATE TABLE follow_attempts (
    who   BLOB    NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (who, at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE follow_news (
    id        INTEGER PRIMARY KEY,
    campaign  TEXT    NOT NULL REFERENCES campaigns,
    subject   TEXT    NOT NULL,
    body      TEXT    NOT NULL,
    link      TEXT,
    made_by   TEXT    NOT NULL,
    made_ms   INTEGER NOT NULL,
    begun_ms  INTEGER,                         -- when it was sent; a draft until then
    ended_ms  INTEGER,                         -- when all of it was over
    total     INTEGER NOT NULL DEFAULT 0,      -- for how many it was
    sent      INTEGER NOT NULL DEFAULT 0,
    failed    INTEGER NOT NULL DEFAULT 0,
    uncertain INTEGER NOT NULL DEFAULT 0       -- nobody knows whether it went out; it is not sent again
) STRICT;
CREATE INDEX follow_news_by_campaign ON follow_news (campaign, id);

-- Mail on its way: news, or the one that asks to confirm. A row that was begun and did not end is never begun again.
CREATE TABLE follow_mails (
    id       INTEGER PRIMARY KEY,
    follower INTEGER NOT NULL REFERENCES followers,
    campaign TEXT    NOT NULL REFERENCES campaigns,
    news     INTEGER REFERENCES follow_news,
    made_ms  INTEGER NOT NULL,
    next_ms  INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    begun_ms INTEGER,
    ended_ms INTEGER,
    UNIQUE (news, follower)
) STRICT;
CREATE INDEX follow_mails_due ON follow_mails (next_ms) WHERE begun_ms IS NULL AND ended_ms IS NULL;
CREATE INDEX follow_mails_begun ON follow_mails (begun_ms);
CREATE INDEX follow_mails_of_follower ON follow_mails (follower);

-- Codes for what a campaign offers to those who follow. One that was used stays, without whose it was.
CREATE TABLE fan_offers (
    code_hmac   BLOB    PRIMARY KEY,
    campaign    TEXT    NOT NULL REFERENCES campaigns,
    follower    INTEGER REFERENCES followers,
    sealed      BLOB,                          -- the code
    made_ms     INTEGER NOT NULL,
    redeemed_ms INTEGER,
    redeemed_by TEXT,
    UNIQUE (campaign, follower)
) STRICT, WITHOUT ROWID;

-- The word by which a shop's staff redeems them.
CREATE TABLE fan_words (
    campaign  TEXT    PRIMARY KEY REFERENCES campaigns,
    word_hmac BLOB    NOT NULL,
    made_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
