-- Messages over everything that an operator has put on chosen screens (hub/src/store/emergencies.rs).
CREATE TABLE emergencies (
    id       INTEGER PRIMARY KEY,
    headline TEXT NOT NULL,
    body     TEXT NOT NULL,
    begun_ms INTEGER NOT NULL,
    begun_by TEXT NOT NULL,
    ended_ms INTEGER
) STRICT;

-- What covers which screen now.
CREATE TABLE screen_notices (
    screen    INTEGER PRIMARY KEY REFERENCES screens,
    emergency INTEGER NOT NULL REFERENCES emergencies
) STRICT;
CREATE INDEX screen_notices_by_emergency ON screen_notices (emergency);
