-- Statements that PostgreSQL understands as well say what a screen airs themselves.
DROP TRIGGER content_changed;
-- A condition of an index is only recognised in the words of the statement: NOT settled.
DROP INDEX scans_unsettled;
CREATE INDEX scans_unsettled ON scans (screen, play) WHERE NOT settled;
