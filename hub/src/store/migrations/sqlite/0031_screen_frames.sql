-- The last small picture of each screen, and whether somebody waits for a new one (hub/src/store/frames.rs).
CREATE TABLE screen_frames (
    screen      INTEGER PRIMARY KEY REFERENCES screens,
    asked_ms    INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    taken_ms    INTEGER,
    width_px    INTEGER,
    height_px   INTEGER,
    play        INTEGER,
    campaign    TEXT,
    creative    TEXT
) STRICT;

-- The pictures themselves lie apart, so that to see who waits is to read small rows.
CREATE TABLE screen_frame_pictures (
    screen INTEGER PRIMARY KEY REFERENCES screens,
    jpeg   BLOB NOT NULL
) STRICT;
