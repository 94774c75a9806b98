-- All that is known about the time of a boot, where there was one anchor before. They were sent as one state of a terminal's
-- ledger, and a newer state takes the place of an older one.
CREATE TABLE anchors (
    boot    INTEGER NOT NULL REFERENCES boots,
    boot_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    PRIMARY KEY (boot, boot_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO anchors SELECT id, anchor_boot_ms, anchor_wall_ms FROM boots
    WHERE anchor_boot_ms IS NOT NULL AND anchor_wall_ms IS NOT NULL;
-- From which moment of its clock on a boot's plays wait to be dated anew; NULL when none do.
ALTER TABLE boots ADD COLUMN redate_from_ms INTEGER;
UPDATE boots SET redate_from_ms = 0 WHERE anchor_boot_ms IS NOT NULL;
ALTER TABLE boots DROP COLUMN anchor_boot_ms;
ALTER TABLE boots DROP COLUMN anchor_wall_ms;
CREATE INDEX boots_to_redate ON boots (screen) WHERE redate_from_ms IS NOT NULL;
CREATE INDEX plays_by_boot ON plays (boot, start_boot_ms);
DROP INDEX plays_undated;
