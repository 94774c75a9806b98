-- Grows with everything that terminals wait to hear of (hub/src/store/changes.rs), in the transaction that changes it, so
-- that one small query tells a process whether any of its terminals is to be answered.

CREATE TABLE change_number (
    number INTEGER NOT NULL
) STRICT;
INSERT INTO change_number (number) VALUES (0);
