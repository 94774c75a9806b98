-- How much the files of people, of slots and of the whole hub may take (hub/src/store/quotas), and whose a file is: of
-- whoever brought it first, until nobody names it any more.
CREATE TABLE file_people (
    file   TEXT COLLATE "C" PRIMARY KEY,
    person BIGINT NOT NULL
);
CREATE INDEX file_people_by_person ON file_people (person);

-- What is claimed counts from then on; what was never named is deleted when its claim is over.
ALTER TABLE file_claims ADD COLUMN size BIGINT;
ALTER TABLE file_claims ADD COLUMN person BIGINT;

CREATE TABLE quotas (
    subject   TEXT COLLATE "C" PRIMARY KEY,         -- hub, everybody, person:N or slot:N
    bytes_max BIGINT,
    files_max BIGINT
);
