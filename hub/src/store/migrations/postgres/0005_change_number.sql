-- Grows with everything that terminals wait to hear of (hub/src/store/changes.rs), in the transaction that changes it, so
-- that one small query tells a process whether any of its terminals is to be answered. One row, whose lock makes the
-- numbers those of the order of commits.

CREATE TABLE change_number (
    number BIGINT NOT NULL
);
INSERT INTO change_number (number) VALUES (0);
