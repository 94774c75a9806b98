-- The last small picture of each screen, and whether somebody waits for a new one (hub/src/store/frames.rs).
CREATE TABLE screen_frames (
    screen      BIGINT PRIMARY KEY REFERENCES screens,
    asked_ms    BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    taken_ms    BIGINT,
    width_px    BIGINT,
    height_px   BIGINT,
    play        BIGINT,
    campaign    TEXT,
    creative    TEXT
);

-- The pictures themselves lie apart, so that to see who waits is to read small rows.
CREATE TABLE screen_frame_pictures (
    screen BIGINT PRIMARY KEY REFERENCES screens,
    jpeg   BYTEA NOT NULL
);
