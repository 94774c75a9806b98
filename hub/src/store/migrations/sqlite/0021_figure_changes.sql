-- What transactions have changed of the figures and nobody has added to their tables yet, one row a transaction, as JSON
-- (hub/src/store/rollups/noted.rs has its form). Reports add all of it up first; otherwise that is done every second.

CREATE TABLE figure_changes (
    id      INTEGER PRIMARY KEY,
    changes TEXT NOT NULL
) STRICT;
