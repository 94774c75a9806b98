-- One row a generation of a screen's token key; the keys themselves derive from the hub's secret. The newest is the one
-- with which the screen should mint.
CREATE TABLE token_keys (
    screen        INTEGER NOT NULL REFERENCES screens,
    generation    INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 255),
    since_ms      INTEGER NOT NULL,
    superseded_ms INTEGER,                     -- when the terminal said that it mints with a newer one
    retired_ms    INTEGER,                     -- when an operator had its codes refused
    PRIMARY KEY (screen, generation)
) STRICT, WITHOUT ROWID;

INSERT INTO token_keys (screen, generation, since_ms) SELECT number, key_generation, created_ms FROM screens;
ALTER TABLE screens DROP COLUMN key_generation;

-- What `screen renew` printed: whoever redeems it first starts a generation.
ALTER TABLE enrolment_tokens ADD COLUMN renews INTEGER NOT NULL DEFAULT 0;
