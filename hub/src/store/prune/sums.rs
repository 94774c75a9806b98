//! What is kept of rows that are pruned, gathered until it is written.

use std::collections::BTreeMap;

use crate::database::{DatabaseError, Transaction, owned_values};
use crate::store::rollups::link_sums::{LinkKey, LinkSums};
use crate::store::rollups::{
    ConversionKey, ConversionSums, PlayKey, PlaySums, ScanKey, ScanSums, ShareKey, VisitKey,
    VisitSums,
};

/// Sums of pruned rows, in the shape of the figures, by the quarter of an hour.
#[derive(Debug, Default)]
#[must_use = "sums that are not written are lost"]
pub(super) struct PrunedSums {
    plays: BTreeMap<PlayKey, PlaySums>,
    scans: BTreeMap<ScanKey, ScanSums>,
    visits: BTreeMap<VisitKey, VisitSums>,
    shares: BTreeMap<ShareKey, i64>,
    links: BTreeMap<LinkKey, LinkSums>,
    conversions: BTreeMap<ConversionKey, ConversionSums>,
}

impl PrunedSums {
    /// Adds plays.
    pub(super) fn play(&mut self, key: PlayKey, by: PlaySums) {
        let sums = self.plays.entry(key).or_default();
        sums.plays += by.plays;
        sums.visible_ms += by.visible_ms;
        sums.scanned += by.scanned;
    }

    /// Adds a scan, or what a visit tells of its scan.
    pub(super) fn scan(&mut self, key: ScanKey, by: ScanSums) {
        let sums = self.scans.entry(key).or_default();
        sums.scans += by.scans;
        sums.openings += by.openings;
        sums.seen += by.seen;
        sums.confirmed += by.confirmed;
    }

    /// Adds a visit.
    pub(super) fn visit(&mut self, key: VisitKey, by: VisitSums) {
        let sums = self.visits.entry(key).or_default();
        sums.visits += by.visits;
        sums.seen += by.seen;
        sums.confirmed += by.confirmed;
        sums.pressed += by.pressed;
    }

    /// Adds a link that was passed on.
    pub(super) fn share(&mut self, key: ShareKey) {
        *self.shares.entry(key).or_default() += 1;
    }

    /// Adds a link, or what a link tells of the one above.
    pub(super) fn link(&mut self, key: LinkKey, by: LinkSums) {
        *self.links.entry(key).or_default() += by;
    }

    /// Adds a conversion.
    pub(super) fn conversion(&mut self, key: ConversionKey, by: ConversionSums) {
        self.conversions.entry(key).or_default().add(by);
    }

    /// Writes them, in the order of their keys.
    ///
    /// # Errors
    /// The database fails.
    pub(super) fn write(self, tx: &Transaction<'_>) -> Result<(), DatabaseError> {
        let plays: Vec<_> = self
            .plays
            .into_iter()
            .map(|(key, sums)| {
                owned_values![
                    key.screen,
                    key.quarter,
                    key.content,
                    key.outcome,
                    key.display,
                    sums.plays,
                    sums.visible_ms,
                    sums.scanned
                ]
            })
            .collect();
        tx.execute_each(
            "INSERT INTO pruned_play_quarters (screen, quarter, content, outcome, display, plays, visible_ms, scanned)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (screen, quarter, content, outcome, display)
             DO UPDATE SET plays = pruned_play_quarters.plays + excluded.plays,
                           visible_ms = pruned_play_quarters.visible_ms + excluded.visible_ms,
                           scanned = pruned_play_quarters.scanned + excluded.scanned",
            &plays,
        )?;
        let scans: Vec<_> = self
            .scans
            .into_iter()
            .map(|(key, sums)| {
                owned_values![
                    key.screen,
                    key.quarter,
                    key.campaign,
                    key.creative,
                    key.grade,
                    key.standing,
                    sums.scans,
                    sums.openings,
                    sums.seen,
                    sums.confirmed
                ]
            })
            .collect();
        tx.execute_each(
            "INSERT INTO pruned_scan_quarters (screen, quarter, campaign, creative, grade, standing,
                                               scans, openings, seen, confirmed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (screen, quarter, campaign, creative, grade, standing)
             DO UPDATE SET scans = pruned_scan_quarters.scans + excluded.scans,
                           openings = pruned_scan_quarters.openings + excluded.openings,
                           seen = pruned_scan_quarters.seen + excluded.seen,
                           confirmed = pruned_scan_quarters.confirmed + excluded.confirmed",
            &scans,
        )?;
        let visits: Vec<_> = self
            .visits
            .into_iter()
            .map(|(key, sums)| {
                owned_values![
                    key.screen,
                    key.quarter,
                    key.campaign,
                    key.creative,
                    key.generation,
                    key.grade,
                    key.is_counted,
                    sums.visits,
                    sums.seen,
                    sums.confirmed,
                    sums.pressed
                ]
            })
            .collect();
        tx.execute_each(
            "INSERT INTO pruned_visit_quarters (screen, quarter, campaign, creative, generation, grade, counted,
                                                visits, seen, confirmed, pressed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (screen, quarter, campaign, creative, generation, grade, counted)
             DO UPDATE SET visits = pruned_visit_quarters.visits + excluded.visits,
                           seen = pruned_visit_quarters.seen + excluded.seen,
                           confirmed = pruned_visit_quarters.confirmed + excluded.confirmed,
                           pressed = pruned_visit_quarters.pressed + excluded.pressed",
            &visits,
        )?;
        let shares: Vec<_> = self
            .shares
            .into_iter()
            .map(|(key, shares)| {
                owned_values![
                    key.screen,
                    key.quarter,
                    key.campaign,
                    key.creative,
                    key.generation,
                    key.is_counted,
                    shares
                ]
            })
            .collect();
        tx.execute_each(
            "INSERT INTO pruned_share_quarters (screen, quarter, campaign, creative, generation, counted, shares)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (screen, quarter, campaign, creative, generation, counted)
             DO UPDATE SET shares = pruned_share_quarters.shares + excluded.shares",
            &shares,
        )?;
        write_links(tx, self.links)?;
        write_conversions(tx, self.conversions)
    }
}

fn write_links(
    tx: &Transaction<'_>,
    links: BTreeMap<LinkKey, LinkSums>,
) -> Result<(), DatabaseError> {
    let links: Vec<_> = links
        .into_iter()
        .map(|(key, sums)| {
            owned_values![
                key.campaign,
                key.screen,
                key.generation,
                key.day,
                key.is_counted,
                sums.links,
                sums.brought,
                sums.sharers,
                sums.squares,
                sums.in_hour,
                sums.in_day,
                sums.in_week,
                sums.later
            ]
        })
        .collect();
    tx.execute_each(
        "INSERT INTO pruned_link_days (campaign, screen, generation, day, counted, links, brought, sharers, squares,
                                       in_hour, in_day, in_week, later)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (campaign, screen, generation, day, counted)
         DO UPDATE SET links = pruned_link_days.links + excluded.links,
                       brought = pruned_link_days.brought + excluded.brought,
                       sharers = pruned_link_days.sharers + excluded.sharers,
                       squares = pruned_link_days.squares + excluded.squares,
                       in_hour = pruned_link_days.in_hour + excluded.in_hour,
                       in_day = pruned_link_days.in_day + excluded.in_day,
                       in_week = pruned_link_days.in_week + excluded.in_week,
                       later = pruned_link_days.later + excluded.later",
        &links,
    )?;
    Ok(())
}

fn write_conversions(
    tx: &Transaction<'_>,
    conversions: BTreeMap<ConversionKey, ConversionSums>,
) -> Result<(), DatabaseError> {
    let conversions: Vec<_> = conversions
        .into_iter()
        .map(|(key, sums)| {
            owned_values![
                key.campaign,
                key.quarter,
                key.screen,
                key.creative,
                key.generation,
                key.kind,
                key.is_unproved,
                key.currency,
                key.is_counted,
                sums.conversions,
                sums.withdrawn,
                sums.value
            ]
        })
        .collect();
    tx.execute_each(
        "INSERT INTO pruned_conversion_quarters (campaign, quarter, screen, creative, generation, kind, unproved,
                                                 currency, counted, conversions, withdrawn, value)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (campaign, quarter, screen, creative, generation, kind, unproved, currency, counted)
         DO UPDATE SET conversions = pruned_conversion_quarters.conversions + excluded.conversions,
                       withdrawn = pruned_conversion_quarters.withdrawn + excluded.withdrawn,
                       value = pruned_conversion_quarters.value + excluded.value",
        &conversions,
    )?;
    Ok(())
}

/// Keeps the highest number of a screen's rows that are pruned.
///
/// # Errors
/// The database fails.
pub(super) fn keep_highest(
    tx: &Transaction<'_>,
    screen: u32,
    number: i64,
) -> Result<(), DatabaseError> {
    tx.execute_each(
        "INSERT INTO pruned_numbers (screen, highest) VALUES (?1, ?2)
         ON CONFLICT (screen) DO UPDATE SET highest = greatest(pruned_numbers.highest, excluded.highest)",
        &[owned_values![screen, number]],
    )?;
    Ok(())
}
