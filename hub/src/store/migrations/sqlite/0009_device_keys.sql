-- The keys with which screens sign what they have played, each as its terminal has shown that it holds it. One that changes
-- is a further row: what the former has signed stays to be told.
CREATE TABLE device_keys (
    screen        INTEGER NOT NULL REFERENCES screens,
    key           TEXT NOT NULL,               -- Ed25519, 64 hexadecimal digits
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms  INTEGER NOT NULL,
    PRIMARY KEY (screen, key)
) STRICT, WITHOUT ROWID;
