-- How much the files of people, of slots and of the whole hub may take (hub/src/store/quotas), and whose a file is: of
-- whoever brought it first, until nobody names it any more.
CREATE TABLE file_people (
    file   TEXT PRIMARY KEY,
    person INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX file_people_by_person ON file_people (person);

-- What is claimed counts from then on; what was never named is deleted when its claim is over.
ALTER TABLE file_claims ADD COLUMN size INTEGER;
ALTER TABLE file_claims ADD COLUMN person INTEGER;

CREATE TABLE quotas (
    subject   TEXT PRIMARY KEY,                     -- hub, everybody, person:N or slot:N
    bytes_max INTEGER,
    files_max INTEGER
) STRICT, WITHOUT ROWID;
