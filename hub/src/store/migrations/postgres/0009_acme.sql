-- Certificates that a CA gave over ACME, and what asking for them needs, so that any process of a hub can go on with it.
-- What is sealed opens with keys.json alone (hub/src/keys). Names are those of a certificate, sorted, with commas between.

CREATE TABLE acme_accounts (
    directory TEXT PRIMARY KEY,
    sealed    BYTEA NOT NULL
);

CREATE TABLE acme_certificates (
    directory     TEXT NOT NULL,
    names         TEXT NOT NULL,
    chain         TEXT NOT NULL,
    sealed_key    BYTEA NOT NULL,
    not_before_ms BIGINT NOT NULL,
    not_after_ms  BIGINT NOT NULL,
    obtained_ms   BIGINT NOT NULL,
    PRIMARY KEY (directory, names)
);

-- An order that is under way, with the key of its certificate.
CREATE TABLE acme_orders (
    directory  TEXT NOT NULL,
    names      TEXT NOT NULL,
    url        TEXT NOT NULL,
    sealed_key BYTEA NOT NULL,
    made_ms    BIGINT NOT NULL,
    PRIMARY KEY (directory, names)
);

-- Attempts that failed since the last certificate.
CREATE TABLE acme_failures (
    directory     TEXT NOT NULL,
    names         TEXT NOT NULL,
    failures      BIGINT NOT NULL,
    failed_ms     BIGINT NOT NULL,
    next_ms       BIGINT NOT NULL,
    told_until_ms BIGINT NOT NULL,
    problem       TEXT NOT NULL,
    PRIMARY KEY (directory, names)
);

-- What is answered when the CA asks for a token.
CREATE TABLE acme_challenges (
    token    TEXT PRIMARY KEY,
    sealed   BYTEA NOT NULL,
    until_ms BIGINT NOT NULL
);
