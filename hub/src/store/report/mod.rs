//! The figures: plays, scans and visits by screen, campaign and creative, and the chains behind the
//! visits.

mod breakdown;
mod chains;
mod conversions;
mod goals;
mod kinds;
mod names;
mod plays;
mod tally;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use passerby_protocol::ScreenNumber;
use passerby_protocol::foreign;
use serde::Serialize;

use crate::database::{DatabaseError, Id, Row, Sql, Transaction, values};
use crate::store::{
    DeviceKeyLine, FanCounts, Refusal, Result, Store, device_keys, followers, refused,
};
use crate::system::clock;

pub use crate::store::report::breakdown::{
    Breakdown, BreakdownError, By, FanMoves, Figures, Filter, Key, Shown,
};
pub use crate::store::report::chains::{
    AfterScan, CHAINS_DRAWN, ChainReport, Estimate, GenerationLine, LARGEST_MAX, LargeChain,
    NODES_MAX, Node, PLACES_MAX, PlaceLine, Reproduction,
};
pub use crate::store::report::conversions::{ConversionCounts, Conversions};
pub use crate::store::report::goals::GoalCount;
pub use crate::store::report::kinds::{Burst, Followers, KindReport, Returning, Tail, WentOn};
pub use crate::store::report::names::{FileName, Names};
pub use crate::store::report::plays::{
    LOCAL_CAMPAIGNS_MAX, LocalCounts, PlayCounts, UnassignedCounts,
};
pub use crate::store::report::tally::Tally;

/// Most chains in one report, newest first.
pub const CHAINS_MAX: u32 = 1_000;

/// Scans: what counts in the tally, everything else beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScanCounts {
    /// Verified, deduplicated openings, at the screen or a little later, that are not a known
    /// robot's.
    #[serde(flatten)]
    pub tally: Tally,
    /// Those of the tally that were opened at the screen.
    pub fresh: u64,
    /// Those that were opened later.
    pub late: u64,
    /// Those whose landing page has loaded its picture, or more.
    pub seen: u64,
    /// Those whose landing page was visible, by what it reported once it was painted.
    pub confirmed: u64,
    /// Those that came from plain HTTP clients.
    pub tools: u64,
    /// Robots; like everything below, not in the tally.
    pub robots: u64,
    /// Late openings of plays that had been opened late by others: photographed and posted.
    pub replays: u64,
    /// Openings past what one visitor, one network or one play counts for.
    pub floods: u64,
    /// Openings of codes that were not on a screen.
    pub unaired: u64,
    /// Openings of codes that are no longer accepted because of their age.
    pub expired: u64,
    /// Every opening that any of the rows above stands for, repeats included; all but the expired
    /// and the bad.
    pub openings: u64,
    /// Openings of what has not the form of a token.
    pub malformed: u64,
    /// Openings with a token that nothing of this hub's minted.
    pub forged: u64,
    /// Openings with a token of a key that was retired.
    pub retired: u64,
    /// The three together.
    pub bad_tokens: u64,
}

/// Views of landing pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VisitCounts {
    /// Once a link, visitor and day.
    #[serde(flatten)]
    pub tally: Tally,
    /// By how often the link was passed on since the scan.
    pub by_generation: BTreeMap<String, u64>,
    /// Visits whose page has loaded its picture, or more.
    pub seen: u64,
    /// Visits whose page was visible, by what it reported once it was painted.
    pub confirmed: u64,
    /// Those of the tally that came from plain HTTP clients.
    pub tools: u64,
    /// Visitors who pressed the button on a visit of theirs, tools apart.
    pub clicks: u64,
    /// Presses that are no clicks.
    pub presses: PressCounts,
    /// Openings of links from networks that had brought more new visitors than a crowd does; not in
    /// the tally.
    pub floods: u64,
}

/// Presses of the button that count for nothing. All of them lead to the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PressCounts {
    /// By plain HTTP clients, on a visit of theirs.
    pub tools: u64,
    /// Without a visit: of a link that was not opened, or is somebody else's. Each press, repeats
    /// included.
    pub strangers: u64,
}

/// Links that somebody got from somebody else and opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShareCounts {
    /// Once a link and person who passed it on.
    #[serde(flatten)]
    pub tally: Tally,
    /// By how often it was passed on since the scan, from 1.
    pub by_generation: BTreeMap<String, u64>,
    /// Links whose owners passed them on with a card, once a link.
    pub with_postcard: u64,
    /// Those of them that had a sentence.
    pub with_sentence: u64,
    /// Those that had a name.
    pub with_name: u64,
}

/// What passers-by said to publishers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VoiceCounts {
    /// Once a form; also those whose words were erased or are over.
    #[serde(flatten)]
    pub tally: Tally,
    /// Those that got an answer.
    pub answered: u64,
}

/// A screen's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenLine {
    /// Its number.
    pub screen: ScreenNumber,
    /// Its name.
    pub name: String,
    /// When it was last heard of, RFC 3339.
    pub last_seen: Option<String>,
    /// The last row of its newest ledger that is stored here.
    pub acked_through: u64,
    /// The keys with which its terminals have signed what they played, in the order in which they
    /// were first seen.
    pub device_keys: Vec<DeviceKeyLine>,
}

/// What became of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Where it began.
    pub screen: ScreenNumber,
    /// With which play.
    pub play: u32,
    /// Of what.
    pub campaign: String,
    /// Showing what.
    pub creative: String,
    /// Visits by generation, from the person who scanned.
    pub generations: Vec<u64>,
    /// What shops reported of it and stand behind, but for what was taken back whole.
    pub conversions: u64,
    /// People who follow now and came by it.
    pub fans: u64,
}

/// `passerby-hub report`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Served.
    pub plays: PlayCounts,
    /// Opened.
    pub scans: ScanCounts,
    /// Landed, also through shared links.
    pub visits: VisitCounts,
    /// Every screen.
    pub screens: Vec<ScreenLine>,
    /// Every phase that has a goal.
    pub goals: Vec<GoalCount>,
    /// The newest scans that led to a landing page.
    pub chains: Vec<Chain>,
    /// Passed on.
    pub shares: ShareCounts,
    /// Said to publishers.
    pub voices: VoiceCounts,
    /// Who follow campaigns by mail.
    pub fans: FanReport,
    /// Bought, or signed up for, as shops report it.
    pub conversions: ConversionCounts,
    /// What people call all these.
    pub names: Names,
}

/// Who follow campaigns by mail, of all times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FanReport {
    /// Of all campaigns.
    #[serde(flatten)]
    pub counts: FanCounts,
    /// Of each that anybody has followed.
    pub by_campaign: BTreeMap<String, FanCounts>,
}

impl Store {
    /// Counts everything, as of one moment; of the figures it is the one in which this is called.
    ///
    /// # Errors
    /// The database fails.
    pub fn report(&self) -> Result<Report> {
        self.add_up_figures()?;
        self.read_giving_way(|tx| {
            Ok(Report {
                plays: plays::counts(tx)?,
                scans: scans(tx)?,
                visits: visits(tx)?,
                screens: screens(tx)?,
                goals: goals::goals(tx)?,
                chains: newest_chains(tx)?,
                shares: shares(tx)?,
                voices: voices(tx)?,
                fans: fans(tx)?,
                conversions: conversions::counts(tx)?,
                names: names::names(tx)?,
            })
        })
    }
}

fn fans(tx: &Transaction<'_>) -> Result<FanReport, DatabaseError> {
    Ok(FanReport {
        counts: followers::figures::counts(tx, None, None, (None, None))?,
        by_campaign: followers::figures::by_campaign(tx)?,
    })
}

fn scans(tx: &Transaction<'_>) -> Result<ScanCounts, DatabaseError> {
    let mut counts = ScanCounts::default();
    tx.each(
        "SELECT screen, campaign, creative, scans, grade, standing, openings, seen, confirmed, grade < 2 AND standing < 2
         FROM scan_totals WHERE scans > 0",
        values![],
        |row| counts.add(row).map(ControlFlow::Continue),
    )?;
    let refused = refused::totals(tx)?;
    counts.malformed = refused.of(Refusal::Malformed);
    counts.forged = refused.of(Refusal::Forged);
    counts.retired = refused.of(Refusal::Retired);
    counts.expired = refused.of(Refusal::Expired);
    counts.floods += refused.of(Refusal::FloodScan);
    counts.openings += refused.of(Refusal::FloodScan);
    counts.bad_tokens = counts.malformed + counts.forged + counts.retired;
    Ok(counts)
}

impl ScanCounts {
    fn add(&mut self, row: &Row<'_>) -> Result<(), DatabaseError> {
        let (count, grade, standing): (u64, u8, u8) = (row.get(3)?, row.get(4)?, row.get(5)?);
        self.openings += row.get::<u64>(6)?;
        if row.get(9)? {
            self.tally.add(row)?;
            self.seen += row.get::<u64>(7)?;
            self.confirmed += row.get::<u64>(8)?;
            self.fresh += if standing == 0 { count } else { 0 };
            self.late += if standing == 1 { count } else { 0 };
            self.tools += if grade == 1 { count } else { 0 };
            return Ok(());
        }
        match (grade, standing) {
            (2, _) => self.robots += count,
            (_, 3) => self.unaired += count,
            (_, 4) => self.floods += count,
            _ => self.replays += count,
        }
        Ok(())
    }
}

fn visits(tx: &Transaction<'_>) -> Result<VisitCounts, DatabaseError> {
    let mut counts = VisitCounts::default();
    tx.each(
        "SELECT screen, campaign, creative, visits, generation, seen, confirmed, pressed, grade
         FROM visit_totals WHERE counted AND visits > 0",
        values![],
        |row| counts.add(row).map(ControlFlow::Continue),
    )?;
    let refused = refused::totals(tx)?;
    counts.floods = refused.of(Refusal::FloodVisit);
    counts.presses.strangers = refused.of(Refusal::StrangePress);
    Ok(counts)
}

impl VisitCounts {
    fn add(&mut self, row: &Row<'_>) -> Result<(), DatabaseError> {
        let count = self.tally.add(row)?;
        let generation: i64 = row.get(4)?;
        *self
            .by_generation
            .entry(generation.to_string())
            .or_default() += count;
        self.seen += row.get::<u64>(5)?;
        self.confirmed += row.get::<u64>(6)?;
        let pressed: u64 = row.get(7)?;
        match row.get::<u8>(8)? {
            0 => self.clicks += pressed,
            _ => {
                self.tools += count;
                self.presses.tools += pressed;
            }
        }
        Ok(())
    }
}

fn shares(tx: &Transaction<'_>) -> Result<ShareCounts, DatabaseError> {
    let mut counts = ShareCounts::default();
    tx.each(
        "SELECT screen, campaign, creative, shares, generation FROM share_totals WHERE counted AND shares > 0",
        values![],
        |row| {
            let count = counts.tally.add(row)?;
            let generation: i64 = row.get(4)?;
            *counts
                .by_generation
                .entry(generation.to_string())
                .or_default() += count;
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        },
    )?;
    (counts.with_postcard, counts.with_sentence, counts.with_name) = tx.one(
        "SELECT CAST(sum(passed_on) AS BIGINT), CAST(sum(sentences) AS BIGINT), CAST(sum(named) AS BIGINT)
         FROM (SELECT count(*) AS passed_on, count(*) FILTER (WHERE has_sentence) AS sentences,
                      count(*) FILTER (WHERE has_name) AS named
               FROM passed_on JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
               WHERE scans.grade < 2 AND standing < 2
               UNION ALL SELECT CAST(coalesce(sum(passed_on), 0) AS BIGINT), CAST(coalesce(sum(sentences), 0) AS BIGINT),
                                CAST(coalesce(sum(named), 0) AS BIGINT)
               FROM pruned_passed_on) AS added",
        values![],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    Ok(counts)
}

fn voices(tx: &Transaction<'_>) -> Result<VoiceCounts, DatabaseError> {
    let mut counts = VoiceCounts::default();
    tx.each(
        "SELECT screen, campaign, creative, count(*), count(answered_ms) FROM voices
         GROUP BY campaign, creative, screen",
        values![],
        |row| {
            counts.tally.add(row)?;
            counts.answered += row.get::<u64>(4)?;
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        },
    )?;
    Ok(counts)
}

fn screens(tx: &Transaction<'_>) -> Result<Vec<ScreenLine>> {
    let mut lines: Vec<ScreenLine> = tx.all(
        "SELECT number, name, last_seen_ms,
                coalesce((SELECT last_seq FROM ledgers WHERE screen = number ORDER BY id DESC LIMIT 1), 0)
         FROM screens ORDER BY number",
        values![],
        |row| {
            Ok::<_, DatabaseError>(ScreenLine {
                screen: row.get::<Id<_>>(0)?.0,
                name: foreign::escaped(&row.get::<String>(1)?).into_owned(),
                last_seen: row.get::<Option<i64>>(2)?.map(clock::rfc3339),
                acked_through: row.get(3)?,
                device_keys: Vec::new(),
            })
        },
    )?;
    for device in device_keys::all(tx)? {
        if let Ok(at) = lines.binary_search_by_key(&device.screen, |line| line.screen) {
            lines[at].device_keys.push(device.device);
        }
    }
    Ok(lines)
}

fn newest_chains(tx: &Transaction<'_>) -> Result<Vec<Chain>, DatabaseError> {
    let mut chains: Vec<(i64, Chain)> = Vec::new();
    tx.each(
        // Either form goes from each of the newest to its links, and reads no others.
        Sql::pair(
            "WITH newest AS (SELECT scans.id, screen, play, campaign, creative
                             FROM counted_scans AS scans
                             WHERE EXISTS (SELECT 1 FROM shares WHERE scan = scans.id AND parent IS NULL)
                             ORDER BY scans.id DESC LIMIT ?1)
             SELECT newest.id, screen, play, campaign, creative, generation, count(visitor),
                    (SELECT count(*) FROM conversions WHERE conversions.scan = newest.id AND proof < 2 AND NOT withdrawn),
                    (SELECT count(*) FROM followers WHERE followers.scan = newest.id AND confirmed_ms IS NOT NULL)
             FROM newest JOIN shares ON scan = newest.id LEFT JOIN visits ON share = shares.id
             GROUP BY newest.id, screen, play, campaign, creative, generation
             ORDER BY newest.id DESC, generation",
            "WITH newest AS (SELECT scans.id, screen, play, campaign, creative
                             FROM counted_scans AS scans
                             WHERE EXISTS (SELECT 1 FROM shares WHERE scan = scans.id AND parent IS NULL)
                             ORDER BY scans.id DESC LIMIT ?1)
             SELECT newest.id, screen, play, campaign, creative, generation, visits,
                    (SELECT count(*) FROM conversions WHERE conversions.scan = newest.id AND proof < 2 AND NOT withdrawn),
                    (SELECT count(*) FROM followers WHERE followers.scan = newest.id AND confirmed_ms IS NOT NULL)
             FROM newest
             CROSS JOIN LATERAL (SELECT generation, count(visitor) AS visits
                                 FROM shares LEFT JOIN visits ON share = shares.id
                                 WHERE scan = newest.id GROUP BY generation) AS opened
             ORDER BY newest.id DESC, generation",
        ),
        values![CHAINS_MAX],
        |row| {
            let id: i64 = row.get(0)?;
            let visits = row.get(6)?;
            match chains.last_mut() {
                Some((last, chain)) if *last == id => chain.generations.push(visits),
                _ => chains.push((
                    id,
                    Chain {
                        screen: row.get::<Id<_>>(1)?.0,
                        play: row.get(2)?,
                        campaign: foreign::escaped(&row.get::<String>(3)?).into_owned(),
                        creative: row.get(4)?,
                        generations: vec![visits],
                        conversions: row.get(7)?,
                        fans: row.get(8)?,
                    },
                )),
            }
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        },
    )?;
    Ok(chains.into_iter().map(|(_, chain)| chain).collect())
}
