-- Hosts of publishers' own that lead to this hub; a campaign's codes may carry one of them.
CREATE TABLE domains (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
