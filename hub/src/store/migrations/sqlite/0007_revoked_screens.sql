-- Since when a screen's terminal is refused for good. Its bearer stays, so that it can be told so.
ALTER TABLE screens ADD COLUMN revoked_ms INTEGER;
