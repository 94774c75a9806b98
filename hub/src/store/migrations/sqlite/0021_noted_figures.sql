-- What transactions have changed of the figures and nobody has added to their tables yet, one row a transaction, as JSON
-- (hub/src/store/rollups/noted.rs has its form). Reports add all of it up first; otherwise that is done every second.

CREATE TABLE figure_changes (
    id      INTEGER PRIMARY KEY,
    changes TEXT NOT NULL
) STRICT;

-- Nothing asks for the scans of a campaign any more since reports are made of figures, and each scan wrote to it.
DROP INDEX scans_by_campaign;
