-- Through which link the words of another were reported: each link counts once (hub/src/store/moments.rs).
CREATE TABLE moment_reports (
    share    INTEGER NOT NULL REFERENCES shares,   -- whose words
    reporter INTEGER NOT NULL,                     -- the link of whoever read them
    PRIMARY KEY (share, reporter)
) STRICT, WITHOUT ROWID;
