-- Slots (hub/src/store/slots): what a contributor may hand in, for which screens and days. The pieces of a slot are one
-- campaign, whose group is called like the slot.
CREATE TABLE slots (
    id         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    campaign   TEXT    NOT NULL UNIQUE,
    first_day  TEXT    NOT NULL,               -- such as 2026-12-01
    last_day   TEXT    NOT NULL,
    pieces_max INTEGER NOT NULL,
    kinds      TEXT    NOT NULL,               -- words, with spaces between
    targets    TEXT    NOT NULL,               -- JSON: the screens that it is for
    made_by    TEXT    NOT NULL,
    made_ms    INTEGER NOT NULL,
    closed_ms  INTEGER                         -- when somebody closed it before its last day
) STRICT;
