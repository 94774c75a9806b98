//! What all links of some scans add to the sums by day ([`crate::store::rollups::link_sums`]), from
//! their rows.

use crate::database::{DatabaseError, Transaction, values};
use crate::store::rollups::changes::Changes;
use crate::store::rollups::link_sums::{LinkKey, LinkSums, SUMS};

/// What all links of some scans add, by generation, day and whether they count; `$of` chooses the
/// scans.
macro_rules! links_of_rows {
    ($of:literal) => {
        concat!(
            "SELECT campaign, scans.screen, links.generation, links.created_ms / 86400000 AS day,
                    grade < 2 AND standing < 2 AS counted, 1 AS links, 0 AS brought, 0 AS sharers, 0 AS squares,
                    0 AS in_hour, 0 AS in_day, 0 AS in_week, 0 AS later
             FROM shares AS links JOIN scans ON scans.id = links.scan ",
            $of,
            " UNION ALL
             SELECT campaign, screen, generation, day, counted, 0, CASE WHEN after_above < 604800000 THEN 1 ELSE 0 END,
                    CASE WHEN after_above < 604800000 AND nth = 1 THEN 1 ELSE 0 END,
                    CASE WHEN after_above < 604800000 THEN 2 * nth - 1 ELSE 0 END,
                    CASE WHEN after_scan < 3600000 THEN 1 ELSE 0 END,
                    CASE WHEN after_scan >= 3600000 AND after_scan < 86400000 THEN 1 ELSE 0 END,
                    CASE WHEN after_scan >= 86400000 AND after_scan < 604800000 THEN 1 ELSE 0 END,
                    CASE WHEN after_scan >= 604800000 THEN 1 ELSE 0 END
             FROM (SELECT campaign, scans.screen, links.generation, links.created_ms / 86400000 AS day,
                          grade < 2 AND standing < 2 AS counted, below.created_ms - links.created_ms AS after_above,
                          below.created_ms - scanned_ms AS after_scan, nth
                   FROM shares AS below JOIN shares AS links ON links.id = below.parent
                   JOIN link_numbers ON link_numbers.share = below.id
                   JOIN scans ON scans.id = below.scan ",
            $of,
            ") AS passed_on"
        )
    };
}
pub(super) use links_of_rows;

/// Takes the links of a scan's chain from what does not count to what does, or back. The row of the
/// scan still says what it was.
pub(super) fn restand(
    tx: &Transaction<'_>,
    scan: i64,
    is_counted: bool,
    changes: &mut Changes,
) -> Result<(), DatabaseError> {
    let found = tx.all(
        concat!(
            "SELECT campaign, screen, generation, day, CAST(sum(links) AS BIGINT), CAST(sum(brought) AS BIGINT),
                    CAST(sum(sharers) AS BIGINT), CAST(sum(squares) AS BIGINT), CAST(sum(in_hour) AS BIGINT),
                    CAST(sum(in_day) AS BIGINT), CAST(sum(in_week) AS BIGINT), CAST(sum(later) AS BIGINT)
             FROM (",
            links_of_rows!("WHERE scans.id = ?1"),
            ") AS added GROUP BY campaign, screen, generation, day"
        ),
        values![scan],
        |row| {
            let key = LinkKey {
                campaign: row.get(0)?,
                screen: row.get(1)?,
                generation: row.get(2)?,
                day: row.get(3)?,
                is_counted,
            };
            let mut sums = [0; SUMS];
            for (sum, at) in sums.iter_mut().zip(4..) {
                *sum = row.get(at)?;
            }
            Ok::<_, DatabaseError>((key, LinkSums::from_array(sums)))
        },
    )?;
    for (key, sums) in found {
        let was = LinkKey {
            is_counted: !is_counted,
            ..key.clone()
        };
        changes.links(was, sums.negated());
        changes.links(key, sums);
    }
    tx.execute(
        "UPDATE chains SET counted = ?2 WHERE scan = ?1",
        values![scan, is_counted],
    )?;
    Ok(())
}
