-- The files that a placement's creative refers to, by the names that it gives them.
CREATE TABLE campaign_parts (
    campaign  TEXT    NOT NULL REFERENCES campaigns,
    placement INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    part      TEXT    NOT NULL REFERENCES creatives,
    PRIMARY KEY (campaign, placement, name)
) STRICT, WITHOUT ROWID;
