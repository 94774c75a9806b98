-- Deleted salts stayed legible in the page that this table has. A table that is dropped leaves a page of zeros, since
-- secure_delete is on by now.
CREATE TABLE kept_salts (
    day  TEXT PRIMARY KEY,
    salt BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO kept_salts SELECT day, salt FROM salts;
DROP TABLE salts;
ALTER TABLE kept_salts RENAME TO salts;
