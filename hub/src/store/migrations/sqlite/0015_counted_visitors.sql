-- How much a visitor counts for is looked up with each scan. Scans that count for nothing have no end, and would make that
-- take longer with each.
DROP INDEX scans_by_visitor;
CREATE INDEX scans_counted_by_visitor ON scans (visitor, scanned_ms) WHERE grade < 2 AND standing < 2;
