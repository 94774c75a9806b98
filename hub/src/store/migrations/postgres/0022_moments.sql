-- Moments that people pass on (hub/src/store/moments.rs). That somebody did is a figure; what they typed is in tables of its
-- own, sealed with keys.json, and has an end.
CREATE TABLE passed_on (
    share        BIGINT PRIMARY KEY REFERENCES shares,
    passed_ms    BIGINT  NOT NULL,
    has_sentence BOOLEAN NOT NULL,
    has_name     BOOLEAN NOT NULL,
    changes      BIGINT  NOT NULL              -- how often the words were typed
);

CREATE TABLE moments (
    share     BIGINT PRIMARY KEY REFERENCES shares,
    campaign  TEXT COLLATE "C" NOT NULL REFERENCES campaigns,
    sealed    BYTEA   NOT NULL,                -- sentence and name
    agreed_ms BIGINT  NOT NULL,
    ends_ms   BIGINT  NOT NULL,
    reports   BIGINT  NOT NULL DEFAULT 0       -- by readers
);
CREATE INDEX moments_by_campaign ON moments (campaign, agreed_ms);
CREATE INDEX moments_by_end ON moments (ends_ms);

-- Cards that were drawn, with the words on them; those that are missing are drawn anew.
CREATE TABLE moment_postcards (
    share   BIGINT PRIMARY KEY REFERENCES shares,
    sealed  BYTEA   NOT NULL,
    made_ms BIGINT  NOT NULL,
    ends_ms BIGINT  NOT NULL
);
CREATE INDEX moment_postcards_by_age ON moment_postcards (made_ms);

-- What was pruned of passed_on, of chains that count.
CREATE TABLE pruned_passed_on (
    campaign  TEXT COLLATE "C" PRIMARY KEY,
    passed_on BIGINT  NOT NULL,
    sentences BIGINT  NOT NULL,
    named     BIGINT  NOT NULL
);
