-- What passers-by are told of where a screen stands (hub/src/store/screen_list): its name is for those who run it.
CREATE TABLE screen_places (
    screen INTEGER PRIMARY KEY REFERENCES screens,
    place  TEXT NOT NULL,                      -- in public words; empty where only the way is known
    way    TEXT NOT NULL                       -- an address, or latitude and longitude with a comma between; may be empty
) STRICT;
