-- What shops report that people bought or signed up for (hub/src/conversions, hub/src/store/conversions).

-- The id under which a press of a button is known to the shop that it leads to.
CREATE TABLE clicks (
    click      BLOB PRIMARY KEY,               -- 128 random bits
    share      INTEGER NOT NULL,
    visitor    BLOB    NOT NULL,               -- with the share that of the visit
    pressed_ms INTEGER NOT NULL,
    UNIQUE (share, visitor)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversion_keys (
    id            INTEGER PRIMARY KEY,
    campaign      TEXT    NOT NULL REFERENCES campaigns,
    name          TEXT    NOT NULL,
    key_sha256    BLOB    NOT NULL UNIQUE,
    sealed_secret BLOB    NOT NULL,            -- what signs links of shops; sealed with keys.json
    made_by       TEXT    NOT NULL,
    made_ms       INTEGER NOT NULL,
    used_ms       INTEGER,
    revoked_ms    INTEGER
) STRICT;
CREATE INDEX conversion_keys_by_campaign ON conversion_keys (campaign);

CREATE TABLE conversions (
    id          INTEGER PRIMARY KEY,
    campaign    TEXT    NOT NULL REFERENCES campaigns,
    name        TEXT    NOT NULL,              -- the shop's id of it
    kind        TEXT    NOT NULL,
    proof       INTEGER NOT NULL,              -- 0 by a key, 1 by a signed link, 2 by a link that anybody may open
    click       TEXT,                          -- as the shop said it
    screen      INTEGER NOT NULL,              -- 0 without a click that is known, like what follows
    play        INTEGER NOT NULL,
    pressed_ms  INTEGER,
    scan        INTEGER,                       -- NULL also once it is pruned
    link        TEXT    NOT NULL,
    creative    TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    counted     INTEGER NOT NULL,              -- whether the scan that began the chain counts
    value       INTEGER NOT NULL,              -- in the smallest unit of the currency
    currency    TEXT    NOT NULL,              -- empty without a value
    said_at_ms  INTEGER,                       -- when, as the shop said it
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    refunded    INTEGER NOT NULL DEFAULT 0,
    withdrawn   INTEGER NOT NULL DEFAULT 0,    -- whether all of it was refunded
    UNIQUE (campaign, name)
) STRICT;
CREATE INDEX conversions_by_scan ON conversions (scan) WHERE scan IS NOT NULL;
CREATE INDEX conversions_by_click ON conversions (campaign, click) WHERE proof = 2;
CREATE INDEX conversions_by_age ON conversions (received_ms);
CREATE INDEX conversions_by_campaign ON conversions (campaign, id);

CREATE TABLE conversion_refunds (
    id          INTEGER PRIMARY KEY,
    conversion  INTEGER NOT NULL REFERENCES conversions,
    campaign    TEXT    NOT NULL,
    name        TEXT    NOT NULL,              -- the shop's id of it
    value       INTEGER NOT NULL,
    whole       INTEGER NOT NULL,              -- whether it was all that was left
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    UNIQUE (campaign, name)
) STRICT;
CREATE INDEX conversion_refunds_by_conversion ON conversion_refunds (conversion);

-- The kinds that a campaign's shops have named; a bounded number.
CREATE TABLE conversion_kinds (
    campaign TEXT NOT NULL,
    kind     TEXT NOT NULL,
    PRIMARY KEY (campaign, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversion_quarters (
    campaign    TEXT    NOT NULL,
    quarter     INTEGER NOT NULL,
    screen      INTEGER NOT NULL,
    creative    TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    unproved    INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    counted     INTEGER NOT NULL,
    conversions INTEGER NOT NULL,
    withdrawn   INTEGER NOT NULL,
    value       INTEGER NOT NULL,
    PRIMARY KEY (campaign, quarter, screen, creative, generation, kind, unproved, currency, counted)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversion_totals (
    campaign    TEXT    NOT NULL,
    screen      INTEGER NOT NULL,
    creative    TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    unproved    INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    counted     INTEGER NOT NULL,
    conversions INTEGER NOT NULL,
    withdrawn   INTEGER NOT NULL,
    value       INTEGER NOT NULL,
    PRIMARY KEY (campaign, screen, creative, generation, kind, unproved, currency, counted)
) STRICT, WITHOUT ROWID;

CREATE TABLE pruned_conversion_quarters (
    campaign    TEXT    NOT NULL,
    quarter     INTEGER NOT NULL,
    screen      INTEGER NOT NULL,
    creative    TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    unproved    INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    counted     INTEGER NOT NULL,
    conversions INTEGER NOT NULL,
    withdrawn   INTEGER NOT NULL,
    value       INTEGER NOT NULL,
    PRIMARY KEY (campaign, quarter, screen, creative, generation, kind, unproved, currency, counted)
) STRICT, WITHOUT ROWID;
