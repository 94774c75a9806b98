-- What processes of one hub tell each other, each of which may have a data folder of its own.

-- Manifest keys after the first: what manifest-keys/<generation>.json holds, sealed with a key that derives from
-- keys.json (hub/src/keys). Nobody who has the database alone can read them.
CREATE TABLE manifest_keys (
    generation BIGINT PRIMARY KEY,
    sealed     BYTEA NOT NULL
);

-- When some process was last asked about a code that waits, told now and then.
ALTER TABLE pairings ADD COLUMN asked_ms BIGINT;
