-- The number that the terminal said, where another play of the screen has it already; then `number` is one of its own below
-- zero, which no code carries.
ALTER TABLE plays ADD COLUMN said_number INTEGER;
