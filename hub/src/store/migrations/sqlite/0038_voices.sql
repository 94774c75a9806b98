-- What people say to publishers (hub/src/store/voices). That somebody did, of what and where, is a row of facts, which
-- stays; what they said is in tables of its own, sealed with keys.json, and has an end.
CREATE TABLE voices (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,       -- what its writer's own link begins with
    campaign    TEXT    NOT NULL REFERENCES campaigns,
    creative    TEXT    NOT NULL,
    screen      INTEGER NOT NULL,
    play        INTEGER NOT NULL,              -- of the scan that began the chain
    generation  INTEGER NOT NULL,
    share       INTEGER REFERENCES shares,     -- until that is pruned
    visitor     BLOB,                          -- the day's pseudonym, for two days
    once        BLOB,                          -- what the form had, for two days: a double press is one voice
    said_ms     INTEGER NOT NULL,
    state       TEXT    NOT NULL,              -- waiting, read, answered, removed, erased or expired
    has_picture INTEGER NOT NULL,
    answered_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX voices_by_share ON voices (share, once);
CREATE INDEX voices_by_state ON voices (campaign, state, id);
CREATE INDEX voices_by_campaign ON voices (campaign, id);
CREATE INDEX voices_waiting ON voices (state, campaign);
CREATE INDEX voices_by_time ON voices (campaign, said_ms);
CREATE INDEX voices_by_visitor ON voices (visitor, said_ms);
CREATE INDEX voices_by_place ON voices (campaign, creative, screen, answered_ms);

CREATE TABLE voice_words (
    voice       INTEGER PRIMARY KEY REFERENCES voices,
    campaign    TEXT    NOT NULL,
    sealed      BLOB    NOT NULL,              -- sentence and name
    consent     INTEGER NOT NULL,              -- to which version of the words its writer agreed
    agreed_ms   INTEGER NOT NULL,
    for_screen  INTEGER NOT NULL,              -- whether its writer agreed to a screen
    approved_ms INTEGER,                       -- when its publisher did
    ends_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX voice_words_by_campaign ON voice_words (campaign);
CREATE INDEX voice_words_by_end ON voice_words (ends_ms);

CREATE TABLE voice_pictures (
    voice        INTEGER PRIMARY KEY REFERENCES voices,
    campaign     TEXT    NOT NULL,
    sealed       BLOB    NOT NULL,             -- a JPEG
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    small_sealed BLOB    NOT NULL,             -- the same, small
    small_width  INTEGER NOT NULL,
    small_height INTEGER NOT NULL
) STRICT;
CREATE INDEX voice_pictures_by_campaign ON voice_pictures (campaign);

-- What the publisher says of it: an answer, or why it was taken down.
CREATE TABLE voice_answers (
    voice   INTEGER PRIMARY KEY REFERENCES voices,
    sealed  BLOB    NOT NULL,
    said_ms INTEGER NOT NULL
) STRICT;

-- Of whom a campaign takes no more, by the day's pseudonym.
CREATE TABLE voice_blocks (
    campaign TEXT    NOT NULL,
    visitor  BLOB    NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (campaign, visitor)
) STRICT, WITHOUT ROWID;
CREATE INDEX voice_blocks_by_end ON voice_blocks (until_ms);
