-- A screen that is added forgets the tokens whose time is over, and one that is revoked its own: neither reads all of
-- them.
CREATE INDEX enrolment_tokens_by_end ON enrolment_tokens (expires_ms);
CREATE INDEX enrolment_tokens_by_screen ON enrolment_tokens (screen);
