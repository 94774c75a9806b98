-- Who works with the hub, and what they did (hub/src/people, hub/src/store/people). Of every secret only the SHA-256 is
-- here. Scopes are JSON, lists of groups; NULL is everything.

CREATE TABLE people (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL UNIQUE,           -- what tells names apart: lower case
    role       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    password   TEXT NOT NULL,                  -- argon2id, with its salt
    one_time   BLOB,                           -- the key of the second step; NULL without one
    used_step  INTEGER,                        -- the half minute whose code was used last
    made_ms    INTEGER NOT NULL,
    seen_ms    INTEGER                         -- when they signed in last
) STRICT;

CREATE TABLE recovery_codes (
    person      INTEGER NOT NULL REFERENCES people,
    code_sha256 BLOB    NOT NULL,
    PRIMARY KEY (person, code_sha256)
) STRICT, WITHOUT ROWID;

-- Links that work once: to become one of the people, or, with `person`, to choose a new password.
CREATE TABLE invitations (
    secret_sha256 BLOB PRIMARY KEY,
    role          TEXT    NOT NULL,
    scope         TEXT    NOT NULL,
    person        INTEGER REFERENCES people,
    made_by       TEXT    NOT NULL,
    made_ms       INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A session whose second step is not done yet opens nothing but that step.
CREATE TABLE sessions (
    secret_sha256 BLOB PRIMARY KEY,
    person        INTEGER NOT NULL REFERENCES people,
    is_whole      INTEGER NOT NULL,
    made_ms       INTEGER NOT NULL,
    seen_ms       INTEGER NOT NULL,
    client        TEXT    NOT NULL             -- what the browser calls itself, for its owner's eyes
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_person ON sessions (person);

CREATE TABLE api_tokens (
    secret_sha256 BLOB PRIMARY KEY,
    person        INTEGER NOT NULL REFERENCES people,
    name          TEXT    NOT NULL,
    rights        TEXT    NOT NULL,            -- words, with spaces between
    made_ms       INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL,
    used_ms       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_tokens_by_person ON api_tokens (person);

-- What was answered to a call with an idempotency key, so that the same call gets the same answer. `status` is NULL
-- while it is being answered.
CREATE TABLE api_answers (
    token_sha256 BLOB    NOT NULL,
    key          TEXT    NOT NULL,
    asked_sha256 BLOB    NOT NULL,
    at_ms        INTEGER NOT NULL,
    status       INTEGER,
    body         TEXT,
    PRIMARY KEY (token_sha256, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_answers_by_time ON api_answers (at_ms);

-- Who did what; never changed, and written in the transaction that did it.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    person  INTEGER,                           -- whose doing it was, if somebody's who signed in, or their token's
    verb    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT    NOT NULL
) STRICT;

CREATE TABLE screen_groups (
    screen     INTEGER PRIMARY KEY REFERENCES screens,
    group_name TEXT NOT NULL
) STRICT;
CREATE INDEX screen_groups_by_name ON screen_groups (group_name, screen);

CREATE TABLE screen_tags (
    screen INTEGER NOT NULL REFERENCES screens,
    tag    TEXT    NOT NULL,
    PRIMARY KEY (screen, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX screen_tags_by_tag ON screen_tags (tag, screen);

CREATE TABLE campaign_groups (
    campaign   TEXT PRIMARY KEY REFERENCES campaigns,
    group_name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
