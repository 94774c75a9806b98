-- Certificates that a CA gave over ACME, and what asking for them needs, so that any process of a hub can go on with it.
-- What is sealed opens with keys.json alone (hub/src/keys). Names are those of a certificate, sorted, with commas between.

CREATE TABLE acme_accounts (
    directory TEXT PRIMARY KEY,
    sealed    BLOB NOT NULL
) STRICT;

CREATE TABLE acme_certificates (
    directory     TEXT NOT NULL,
    names         TEXT NOT NULL,
    chain         TEXT NOT NULL,
    sealed_key    BLOB NOT NULL,
    not_before_ms INTEGER NOT NULL,
    not_after_ms  INTEGER NOT NULL,
    obtained_ms   INTEGER NOT NULL,
    PRIMARY KEY (directory, names)
) STRICT;

-- An order that is under way, with the key of its certificate.
CREATE TABLE acme_orders (
    directory  TEXT NOT NULL,
    names      TEXT NOT NULL,
    url        TEXT NOT NULL,
    sealed_key BLOB NOT NULL,
    made_ms    INTEGER NOT NULL,
    PRIMARY KEY (directory, names)
) STRICT;

-- Attempts that failed since the last certificate.
CREATE TABLE acme_failures (
    directory     TEXT NOT NULL,
    names         TEXT NOT NULL,
    failures      INTEGER NOT NULL,
    failed_ms     INTEGER NOT NULL,
    next_ms       INTEGER NOT NULL,
    told_until_ms INTEGER NOT NULL,
    problem       TEXT NOT NULL,
    PRIMARY KEY (directory, names)
) STRICT;

-- What is answered when the CA asks for a token.
CREATE TABLE acme_challenges (
    token    TEXT PRIMARY KEY,
    sealed   BLOB NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;
