-- Through which link the words of another were reported: each link counts once (hub/src/store/moments.rs).
CREATE TABLE moment_reports (
    share    BIGINT NOT NULL REFERENCES shares,    -- whose words
    reporter BIGINT NOT NULL,                      -- the link of whoever read them
    PRIMARY KEY (share, reporter)
);
