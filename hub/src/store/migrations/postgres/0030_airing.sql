-- What airs where, by the campaigns that are for all screens and by the rows of the others, so that whoever asks for one
-- screen or one campaign reads what is of it: each screen was compared with each campaign before.
CREATE OR REPLACE VIEW airing AS
    SELECT campaigns.id AS campaign, screens.number AS screen FROM campaigns CROSS JOIN screens WHERE live AND everywhere
    UNION ALL
    SELECT chosen.campaign, chosen.screen
    FROM campaign_screens AS chosen JOIN campaigns ON campaigns.id = chosen.campaign WHERE live AND NOT everywhere;
CREATE INDEX campaigns_everywhere ON campaigns (id) WHERE live AND everywhere;
CREATE INDEX campaign_screens_by_screen ON campaign_screens (screen);

-- The sum of whole numbers as one: `sum` of BIGINT is a number of any length, which takes four times as long to add up.
CREATE AGGREGATE whole_sum(BIGINT) (SFUNC = int8pl, STYPE = BIGINT, COMBINEFUNC = int8pl, PARALLEL = SAFE);
