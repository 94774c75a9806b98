//! Rows by the million, made by the databases themselves, with their figures.

use passerby_hub::system::clock;
use passerby_hub::system::clock::DAY_MS;
use passerby_testing::postgres::PostgresServer;

use crate::stand::{CAMPAIGNS, SCREENS, Stand};
use crate::{figures, fill};

/// Plays of a screen in a day: one every ten seconds.
const A_DAY: u64 = 8_640;

/// Writes so many plays and scans, each scan with a link that its visitor has opened.
pub(crate) fn fill(stand: &Stand, server: Option<&PostgresServer>, plays: u64, scans: u64) {
    let is_server = server.is_some();
    let a_screen = plays / u64::from(SCREENS);
    let days = a_screen.div_ceil(A_DAY);
    let now_ms = clock::now_ms();
    let start_ms = now_ms - i64::try_from(days).expect("few") * DAY_MS;
    let mut statements = vec![
        format!(
            "INSERT INTO ledgers (screen, epoch, last_seq, opened_ms)
             SELECT number, '00000000000000aa', {a_screen}, {now_ms} FROM screens ORDER BY number"
        ),
        "INSERT INTO contents (assignment, campaign, creative)
         SELECT DISTINCT number, campaign, creative FROM assignments ORDER BY number"
            .to_owned(),
    ];
    for day in 0..days {
        let (first, last) = (day * A_DAY, ((day + 1) * A_DAY).min(a_screen) - 1);
        let day_ms = start_ms + i64::try_from(day).expect("few") * DAY_MS;
        statements.push(format!(
            "INSERT INTO boots (screen, boot) SELECT number, 'boot of day {day}' FROM screens ORDER BY number"
        ));
        statements.push(format!(
            "INSERT INTO anchors (boot, boot_ms, wall_ms) SELECT id, 0, {day_ms} FROM boots WHERE boot = 'boot of day {day}'"
        ));
        statements.push(format!(
            "INSERT INTO plays (ledger, seq, screen, number, content, boot, start_boot_ms, visible_ms, outcome, received_ms,
                                wall_ms, display)
             WITH RECURSIVE numbers (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM numbers WHERE i < {last})
             SELECT ledgers.id, i + 1, ledgers.screen, i + 1,
                    (SELECT min(id) FROM contents) + (i / 3 + ledgers.screen) % {CAMPAIGNS}, boots.id,
                    (i - {first}) * 10000, 9900, CASE WHEN i % 97 = 0 THEN 1 ELSE 0 END, {now_ms},
                    {day_ms} + (i - {first}) * 10000, 1
             FROM ledgers JOIN boots ON boots.screen = ledgers.screen AND boots.boot = 'boot of day {day}' CROSS JOIN numbers"
        ));
    }
    let every = (plays / scans.max(1)).max(1);
    let visitor = if is_server {
        "convert_to(lpad(to_hex(plays.screen * 10000000 + plays.number), 16, '0'), 'UTF8')"
    } else {
        "CAST(printf('%016x', plays.screen * 10000000 + plays.number) AS BLOB)"
    };
    statements.push(format!(
        "INSERT INTO scans (screen, play, visitor, grade, assignment, campaign, creative, minted_ms, scanned_ms, standing,
                            settled)
         SELECT plays.screen, plays.number, {visitor}, CASE WHEN plays.number % 51 = 0 THEN 1 ELSE 0 END, assignment,
                campaign, creative, wall_ms, wall_ms + 5000, CASE WHEN plays.number % 23 = 0 THEN 1 ELSE 0 END, TRUE
         FROM plays JOIN contents ON contents.id = plays.content WHERE plays.number % {every} = 0"
    ));
    statements.push(
        "INSERT INTO shares (name, scan, generation, made_for, owner, created_ms)
         SELECT 'link-' || id, id, 0, visitor, visitor, scanned_ms FROM scans"
            .to_owned(),
    );
    statements.push(
        "INSERT INTO visits (share, visitor, visited_ms, seen_ms, confirmed_ms)
         SELECT id, made_for, created_ms, created_ms, CASE WHEN id % 2 = 0 THEN created_ms END FROM shares"
            .to_owned(),
    );
    statements.extend(figures::inserts(is_server));
    fill::run(
        server.zip(stand.database.as_deref()),
        &stand.data,
        &statements,
    );
}
