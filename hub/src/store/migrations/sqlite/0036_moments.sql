-- Moments that people pass on (hub/src/store/moments.rs). That somebody did is a figure; what they typed is in tables of its
-- own, sealed with keys.json, and has an end.
CREATE TABLE passed_on (
    share        INTEGER PRIMARY KEY REFERENCES shares,
    passed_ms    INTEGER NOT NULL,
    has_sentence INTEGER NOT NULL,
    has_name     INTEGER NOT NULL,
    changes      INTEGER NOT NULL              -- how often the words were typed
) STRICT;

CREATE TABLE moments (
    share     INTEGER PRIMARY KEY REFERENCES shares,
    campaign  TEXT    NOT NULL REFERENCES campaigns,
    sealed    BLOB    NOT NULL,                -- sentence and name
    agreed_ms INTEGER NOT NULL,
    ends_ms   INTEGER NOT NULL,
    reports   INTEGER NOT NULL DEFAULT 0       -- by readers
) STRICT;
CREATE INDEX moments_by_campaign ON moments (campaign, agreed_ms);
CREATE INDEX moments_by_end ON moments (ends_ms);

-- Cards that were drawn, with the words on them; those that are missing are drawn anew.
CREATE TABLE moment_postcards (
    share   INTEGER PRIMARY KEY REFERENCES shares,
    sealed  BLOB    NOT NULL,
    made_ms INTEGER NOT NULL,
    ends_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX moment_postcards_by_age ON moment_postcards (made_ms);

-- What was pruned of passed_on, of chains that count.
CREATE TABLE pruned_passed_on (
    campaign  TEXT    PRIMARY KEY,
    passed_on INTEGER NOT NULL,
    sentences INTEGER NOT NULL,
    named     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
