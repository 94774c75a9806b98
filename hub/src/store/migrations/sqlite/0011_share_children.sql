-- How many links were made below each: to count them anew for each would take longer with every one.
ALTER TABLE shares ADD COLUMN children INTEGER NOT NULL DEFAULT 0;
UPDATE shares SET children = (SELECT count(*) FROM shares AS child WHERE child.parent = shares.id)
    WHERE id IN (SELECT parent FROM shares WHERE parent IS NOT NULL);
