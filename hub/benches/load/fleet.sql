-- A fleet, made by a database of either kind itself; `fleet.rs` fills in what stands behind colons. One campaign was
-- published for no screen, `model`, of which the others are copies.

UPDATE campaigns SET everywhere = FALSE WHERE id = 'model';
INSERT INTO creatives (sha256, size, media_type, thumbnail, thumbnail_width, thumbnail_height)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :campaigns)
    SELECT ':zeros' || CAST(10000 + n AS TEXT), size, media_type, thumbnail, thumbnail_width, thumbnail_height
    FROM numbers CROSS JOIN creatives WHERE sha256 = (SELECT creative FROM campaign_items WHERE campaign = 'model');
INSERT INTO campaigns (id, body, everywhere, live, published_ms)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :campaigns)
    SELECT 'campaign-' || CAST(10000 + n AS TEXT), replace(body, ':title', ':title ' || CAST(n AS TEXT)), n <= 5, live,
           published_ms + n
    FROM numbers CROSS JOIN campaigns WHERE id = 'model';
INSERT INTO campaign_items (campaign, placement, creative)
    SELECT id, 0, ':zeros' || substr(id, 10) FROM campaigns WHERE id <> 'model';
INSERT INTO creative_names (creative, campaign, name)
    SELECT ':zeros' || substr(id, 10), id, 'poster-' || substr(id, 10) || '.png' FROM campaigns WHERE id <> 'model';
INSERT INTO campaign_groups (campaign, group_name)
    SELECT id, 'brand ' || substr(id, 13) FROM campaigns WHERE id <> 'model';

INSERT INTO screens (number, name, created_ms, bearer_sha256, manifest_version, manifest_issued_ms, last_seen_ms, heartbeat,
                     content_version, content_since_ms)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :screens)
    SELECT n, 'Exit ' || CAST(n AS TEXT) || ', hall ' || CAST(n % 17 AS TEXT), :start_ms,
           CAST('bearer of ' || CAST(n AS TEXT) AS :bytes), 7, :start_ms,
           CASE WHEN n % 25 = 0 THEN :start_ms ELSE :now_ms END, ':heartbeat', 7, :start_ms
    FROM numbers;
INSERT INTO screen_groups (screen, group_name) SELECT number, 'line ' || CAST(number % 40 AS TEXT) FROM screens;
INSERT INTO screen_tags (screen, tag) SELECT number, 'floor ' || CAST(number % 9 AS TEXT) FROM screens;

-- Each campaign but the first five is on every so manieth screen.
INSERT INTO campaign_screens (campaign, screen)
    WITH RECURSIVE numbers (n) AS (SELECT 6 UNION ALL SELECT n + 1 FROM numbers WHERE n < :campaigns)
    SELECT 'campaign-' || CAST(10000 + n AS TEXT), number FROM numbers CROSS JOIN screens WHERE (n + number) % :apart = 0;
INSERT INTO assignments (screen, number, campaign, placement, creative)
    SELECT screen, row_number() OVER (PARTITION BY screen ORDER BY campaign), campaign, 0, ':zeros' || substr(campaign, 10)
    FROM (SELECT campaign, screen FROM campaign_screens
          UNION ALL
          SELECT id, number FROM campaigns CROSS JOIN screens WHERE everywhere) AS on_screens;

INSERT INTO ledgers (screen, epoch, last_seq, opened_ms)
    SELECT number, '00000000000000aa', :a_screen, :start_ms FROM screens ORDER BY number;
INSERT INTO contents (assignment, campaign, creative)
    SELECT DISTINCT number, campaign, creative FROM assignments ORDER BY campaign, number;
INSERT INTO boots (screen, boot) SELECT number, 'a boot' FROM screens ORDER BY number;
INSERT INTO anchors (boot, boot_ms, wall_ms) SELECT id, 0, :start_ms FROM boots;
INSERT INTO plays (ledger, seq, screen, number, content, boot, start_boot_ms, visible_ms, outcome, received_ms, wall_ms,
                   display)
    WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < :a_screen - 1),
         of_screens (screen, many) AS (SELECT screen, count(*) FROM assignments GROUP BY screen)
    SELECT ledgers.id, i + 1, ledgers.screen, i + 1, contents.id, boots.id, i * :every_ms, 9900,
           CASE WHEN i % 97 = 0 THEN 1 ELSE 0 END, :now_ms, :start_ms + i * :every_ms, 1
    FROM ledgers JOIN boots ON boots.screen = ledgers.screen JOIN of_screens ON of_screens.screen = ledgers.screen
    CROSS JOIN numbers
    JOIN assignments ON assignments.screen = ledgers.screen AND assignments.number = 1 + (i / 3 + ledgers.screen) % many
    JOIN contents ON contents.assignment = assignments.number AND contents.campaign = assignments.campaign
        AND contents.creative = assignments.creative;
INSERT INTO scans (screen, play, visitor, grade, assignment, campaign, creative, minted_ms, scanned_ms, standing, settled)
    SELECT plays.screen, plays.number, CAST(CAST(1000000000000000 + plays.screen * 10000000 + plays.number AS TEXT) AS :bytes),
           CASE WHEN plays.number % 51 = 0 THEN 1 ELSE 0 END, assignment, campaign, creative, wall_ms, wall_ms + 5000,
           CASE WHEN plays.number % 23 = 0 THEN 1 ELSE 0 END, TRUE
    FROM plays JOIN contents ON contents.id = plays.content WHERE (plays.number + plays.screen) % :a_scan = 0;
INSERT INTO shares (name, scan, generation, made_for, owner, created_ms)
    SELECT 'link-' || CAST(id AS TEXT), id, 0, visitor, visitor, scanned_ms FROM scans;
INSERT INTO visits (share, visitor, visited_ms, seen_ms, confirmed_ms)
    SELECT id, made_for, created_ms, created_ms, CASE WHEN id % 2 = 0 THEN created_ms END FROM shares;

INSERT INTO audit (at_ms, actor, person, verb, subject, detail)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :campaigns * 100)
    SELECT :start_ms + n, 'somebody', 1, 'publish', 'campaign-' || CAST(10001 + n % :campaigns AS TEXT), 'on many screens'
    FROM numbers;
INSERT INTO people (name, name_key, role, scope, password, made_ms)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :campaigns)
    SELECT 'Person ' || CAST(n AS TEXT), 'person ' || CAST(n AS TEXT), role, scope, password, :start_ms + n
    FROM numbers CROSS JOIN people WHERE id = 1;
INSERT INTO drafts (campaign, body, state, revision, group_name, targets, note, changed_by, changed_ms)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :campaigns)
    SELECT 'draft-' || CAST(10000 + n AS TEXT), body, state, revision, group_name, targets, note, changed_by, changed_ms + n
    FROM numbers CROSS JOIN drafts WHERE campaign = 'model-draft';
INSERT INTO sources (name, kind, location, secret_sha256, rules, created_ms, next_ms, fetch_ms)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :campaigns / 5)
    SELECT 'source-' || CAST(10000 + n AS TEXT), kind, location, secret_sha256, rules, created_ms, next_ms, fetch_ms
    FROM numbers CROSS JOIN sources WHERE name = 'model-source';
