-- Films of drafts that are looked at, and made anew where screens would not play them well (hub/src/films): one row for
-- each film that came into a draft.
CREATE TABLE film_jobs (
    id         INTEGER PRIMARY KEY,
    campaign   TEXT    NOT NULL,                    -- the draft that it came into
    name       TEXT    NOT NULL,                    -- what that calls it
    source     TEXT    NOT NULL,                    -- SHA-256 of what came
    state      TEXT    NOT NULL,                    -- waiting, running, made, kept, failed or called-off
    permille   INTEGER NOT NULL,                    -- how much is done
    reasons    TEXT    NOT NULL,                    -- JSON: why it is made anew
    told       TEXT    NOT NULL,                    -- why it failed or waits, or what is to be said of it
    result     TEXT,                                -- SHA-256 of what was made
    person     INTEGER NOT NULL,                    -- whose it is; 0 for nobody's
    made_by    TEXT    NOT NULL,
    made_ms    INTEGER NOT NULL,
    next_ms    INTEGER NOT NULL,                    -- not taken up before
    begun_ms   INTEGER,
    ended_ms   INTEGER,
    claim      TEXT    NOT NULL,                    -- of the process that is at it; empty for none
    until_ms   INTEGER NOT NULL,                    -- until when that is believed
    attempts   INTEGER NOT NULL                     -- how often it was taken up
) STRICT;
CREATE INDEX film_jobs_by_campaign ON film_jobs (campaign);
CREATE INDEX film_jobs_by_source ON film_jobs (source);
CREATE INDEX film_jobs_by_result ON film_jobs (result);
CREATE INDEX film_jobs_by_state ON film_jobs (state, next_ms);
CREATE INDEX film_jobs_by_person ON film_jobs (person, begun_ms);
