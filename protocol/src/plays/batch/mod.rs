//! Plays on the wire: columns, so that a month is small.
//!
//! Invariant: [`PlayBatch::pack`] and [`PlayBatch::unpack`] are each other's inverse, and `unpack`
//! takes nothing past the limits in [`crate::limits`], whoever sent it. No list of a batch grows
//! past what a batch may have while it is read, so what is none costs little memory, however long
//! it says to be.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::bounded;
use crate::dating::Anchor;
use crate::dating::Anchors;
use crate::foreign::has_hidden;
use crate::limits::{
    BATCH_PLAYS_MAX, BOOT_ANCHORS_MAX, BOOT_BYTES_MAX, BOOTS_REDATED_MAX, CAMPAIGN_BYTES_MAX,
    GAP_PLAYS_MAX, PLAY_MS_MAX,
};
use crate::plays::{Display, Gap, GapReason, Outcome, Play, PlayContent};
use crate::{CampaignId, Epoch, PlayNumber};

/// All anchors of one boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootAnchors {
    /// The boot id.
    #[serde(deserialize_with = "bounded::text::<BOOT_BYTES_MAX, _>")]
    pub boot: String,
    /// CLOCK_BOOTTIME and Unix time, both in milliseconds.
    pub anchors: Anchors,
}

/// The body of `POST /v1/terminals/{n}/plays`, before zstd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayBatch {
    /// Which ledger.
    pub epoch: Epoch,
    /// The seq of the first row; the others follow without gaps.
    pub first_seq: u64,
    /// What is known about the boots below; at most one a boot, the newest. That is all an older
    /// hub knows of.
    #[serde(deserialize_with = "bounded::list::<{ BATCH_PLAYS_MAX + 1 }, _, _>")]
    pub anchors: Vec<Anchor>,
    /// All that is known about boots with several anchors, and about boots whose plays are on the
    /// hub already.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded::list::<{ BATCH_PLAYS_MAX + BOOTS_REDATED_MAX }, _, _>"
    )]
    pub known: Vec<BootAnchors>,
    /// The boots that rows refer to.
    #[serde(deserialize_with = "bounded::texts::<BATCH_PLAYS_MAX, BOOT_BYTES_MAX, _>")]
    pub boots: Vec<String>,
    /// The contents that rows refer to.
    #[serde(deserialize_with = "rows")]
    pub contents: Vec<PlayContent>,
    /// One entry a row in each.
    pub columns: Columns,
    /// The gaps right before a row of this batch: those after the rows from `first_seq - 1` to the
    /// last but one.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded::list::<{ BATCH_PLAYS_MAX * GapReason::ALL.len() }, _, _>"
    )]
    pub gaps: Vec<Gap>,
    /// Rows up to this one are no longer in the ledger: a hub that misses some of them need not
    /// ask.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gone_through: u64,
}

/// Reads a list of which there is at most one entry a row.
fn rows<'de, T: Deserialize<'de>, D: Deserializer<'de>>(list: D) -> Result<Vec<T>, D::Error> {
    bounded::list::<BATCH_PLAYS_MAX, _, _>(list)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
const fn is_zero(seq: &u64) -> bool {
    *seq == 0
}

/// The rows of a batch, column by column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// Play numbers, each as the difference to the one before.
    #[serde(deserialize_with = "rows")]
    pub number: Vec<i64>,
    /// Index into the contents.
    #[serde(deserialize_with = "rows")]
    pub content: Vec<u32>,
    /// Index into the boots.
    #[serde(deserialize_with = "rows")]
    pub boot: Vec<u32>,
    /// Starts, each as the difference to the one before.
    #[serde(deserialize_with = "rows")]
    pub start_boot_ms: Vec<i64>,
    /// Visible times.
    #[serde(deserialize_with = "rows")]
    pub visible_ms: Vec<u64>,
    /// Outcomes.
    #[serde(deserialize_with = "rows")]
    pub outcome: Vec<Outcome>,
    /// States of the display; empty when nothing ever told.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "rows"
    )]
    pub display: Vec<Display>,
}

/// Says why a batch is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Not a batch at all.
    #[error("the batch is malformed: {0}")]
    Malformed(&'static str),
    /// One row is impossible.
    #[error("row {seq} is impossible: {reason}")]
    Row {
        /// Its seq.
        seq: u64,
        /// What is wrong, in words that end a sentence.
        reason: &'static str,
    },
}

impl PlayBatch {
    /// Packs rows whose seqs follow each other. Rows that do not follow are left out, so the caller
    /// sends them next. There may be several anchors a boot, and anchors of [`BOOTS_REDATED_MAX`]
    /// boots without rows; those of more are left out.
    pub fn pack(epoch: Epoch, plays: &[Play], anchors: Vec<Anchor>) -> Self {
        let first_seq = plays.first().map_or(1, |play| play.seq);
        let (mut boots, mut contents) = (Vec::new(), Vec::new());
        let mut columns = Columns::default();
        let (mut number, mut start) = (0, 0);
        for (play, seq) in plays.iter().zip(first_seq..) {
            if play.seq != seq {
                break;
            }
            let play_number = i64::from(play.number.get());
            let play_start = i64::try_from(play.start_boot_ms).unwrap_or(i64::MAX);
            columns.number.push(play_number - number);
            columns.content.push(index_of(&mut contents, &play.content));
            columns.boot.push(index_of(&mut boots, &play.boot));
            columns.start_boot_ms.push(play_start - start);
            columns.visible_ms.push(play.visible_ms);
            columns.outcome.push(play.outcome);
            columns.display.push(play.display);
            (number, start) = (play_number, play_start);
        }
        if columns
            .display
            .iter()
            .all(|&display| display == Display::Unknown)
        {
            columns.display.clear();
        }
        let (anchors, known) = by_boot(anchors, &boots);
        Self {
            epoch,
            first_seq,
            anchors,
            known,
            boots,
            contents,
            columns,
            gaps: Vec::new(),
            gone_through: 0,
        }
    }

    /// Adds what is known about rows that are not there: the gaps that lie right before a row of
    /// this batch are kept of those given.
    #[must_use]
    pub fn with_gaps(mut self, gaps: Vec<Gap>, gone_through: u64) -> Self {
        let end = self.first_seq + self.columns.number.len() as u64;
        self.gaps = gaps;
        self.gaps
            .retain(|gap| gap.after_seq + 1 >= self.first_seq && gap.after_seq + 1 < end);
        self.gone_through = gone_through.min(self.first_seq - 1);
        self
    }

    /// Returns the rows.
    ///
    /// # Errors
    /// [`BatchError::Malformed`] when the whole is not one, [`BatchError::Row`] for the first
    /// impossible row.
    pub fn unpack(&self) -> Result<Vec<Play>, BatchError> {
        let columns = &self.columns;
        let rows = columns.number.len();
        let lengths = [
            columns.content.len(),
            columns.boot.len(),
            columns.start_boot_ms.len(),
            columns.visible_ms.len(),
            columns.outcome.len(),
        ];
        let displays = columns.display.len();
        if lengths.iter().any(|&length| length != rows) || (displays != rows && displays != 0) {
            return Err(BatchError::Malformed("its columns differ in length"));
        }
        if rows > BATCH_PLAYS_MAX
            || self.boots.len() > rows
            || self.contents.len() > rows
            || self.anchors.len() > rows + 1
            || self.known.len() > self.boots.len() + BOOTS_REDATED_MAX
            || self
                .known
                .iter()
                .any(|boot| boot.anchors.points().len() > BOOT_ANCHORS_MAX)
            || self.gaps.len() > rows * GapReason::ALL.len()
        {
            return Err(BatchError::Malformed("it is longer than the limit"));
        }
        if self.first_seq == 0 || self.first_seq > i64::MAX as u64 - rows as u64 {
            return Err(BatchError::Malformed("its first_seq is out of range"));
        }
        self.check_gaps()?;
        if self
            .boots
            .iter()
            .chain(self.anchors.iter().map(|anchor| &anchor.boot))
            .chain(self.known.iter().map(|known| &known.boot))
            .any(|boot| boot.len() > BOOT_BYTES_MAX)
            || self
                .contents
                .iter()
                .any(|content| content.campaign.len() > CAMPAIGN_BYTES_MAX)
        {
            return Err(BatchError::Malformed(
                "a boot id or campaign name is too long",
            ));
        }
        if self.gaps.iter().any(|gap| has_hidden(&gap.boot))
            || (self.anchors.iter().map(|anchor| &anchor.boot))
                .chain(self.known.iter().map(|known| &known.boot))
                .any(|boot| has_hidden(boot))
        {
            return Err(BatchError::Malformed("a boot id has unseen characters"));
        }
        // What rows refer to is told by the row, so that the terminal can set that one aside.
        let is_boot: Vec<bool> = self.boots.iter().map(|boot| !has_hidden(boot)).collect();
        let is_campaign: Vec<bool> = (self.contents.iter())
            .map(|content| content.campaign.parse::<CampaignId>().is_ok())
            .collect();
        let (mut number, mut start) = (0i64, 0i64);
        let mut plays = Vec::with_capacity(rows);
        for (row, seq) in (0..rows).zip(self.first_seq..) {
            let wrong = |reason| BatchError::Row { seq, reason };
            number = number
                .checked_add(columns.number[row])
                .ok_or(wrong("play number"))?;
            start = start
                .checked_add(columns.start_boot_ms[row])
                .ok_or(wrong("start"))?;
            if is_campaign.get(columns.content[row] as usize) == Some(&false) {
                return Err(wrong("campaign name"));
            }
            if is_boot.get(columns.boot[row] as usize) == Some(&false) {
                return Err(wrong("boot id"));
            }
            if columns.visible_ms[row] > PLAY_MS_MAX {
                return Err(wrong("visible for more than a day"));
            }
            plays.push(Play {
                seq,
                number: u32::try_from(number)
                    .ok()
                    .and_then(PlayNumber::new)
                    .ok_or(wrong("play number"))?,
                content: self
                    .contents
                    .get(columns.content[row] as usize)
                    .ok_or(wrong("content index"))?
                    .clone(),
                boot: self
                    .boots
                    .get(columns.boot[row] as usize)
                    .ok_or(wrong("boot index"))?
                    .clone(),
                start_boot_ms: u64::try_from(start).map_err(|_| wrong("start"))?,
                visible_ms: columns.visible_ms[row],
                outcome: columns.outcome[row],
                display: columns.display.get(row).copied().unwrap_or_default(),
            });
        }
        Ok(plays)
    }

    /// Returns what is known about each boot, as far as the batch says something about it and
    /// `is_believed` agrees.
    pub fn anchors_by_boot(
        &self,
        is_believed: impl Fn(u64, i64) -> bool,
    ) -> BTreeMap<&str, Anchors> {
        let single = self.anchors.iter().map(|anchor| {
            let point = (anchor.boot_ms, anchor.wall_ms);
            (anchor.boot.as_str(), Anchors::new([point]))
        });
        let whole = self
            .known
            .iter()
            .map(|known| (known.boot.as_str(), known.anchors.clone()));
        // What is said about a boot as a whole takes the place of its newest anchor.
        single
            .chain(whole)
            .map(|(boot, anchors)| {
                let points = anchors.points().iter().copied();
                (
                    boot,
                    Anchors::new(
                        points.filter(|&(boot_ms, wall_ms)| is_believed(boot_ms, wall_ms)),
                    ),
                )
            })
            .collect()
    }

    fn check_gaps(&self) -> Result<(), BatchError> {
        let rows = self.columns.number.len() as u64;
        if self.gone_through >= self.first_seq {
            return Err(BatchError::Malformed("it says that its own rows are gone"));
        }
        for gap in &self.gaps {
            let next = gap.after_seq.saturating_add(1);
            if next < self.first_seq || next >= self.first_seq + rows {
                return Err(BatchError::Malformed(
                    "it has a gap that is not before one of its rows",
                ));
            }
            if gap.boot.len() > BOOT_BYTES_MAX
                || gap.plays > GAP_PLAYS_MAX
                || gap.from_boot_ms > gap.until_boot_ms
            {
                return Err(BatchError::Malformed("a gap is impossible"));
            }
        }
        Ok(())
    }
}

/// Splits anchors into the newest of each boot that has rows, and all of those boots of which that
/// is not all.
fn by_boot(anchors: Vec<Anchor>, boots: &[String]) -> (Vec<Anchor>, Vec<BootAnchors>) {
    let mut points: BTreeMap<String, Vec<(u64, i64)>> = BTreeMap::new();
    for anchor in anchors {
        let of_boot = points.entry(anchor.boot).or_default();
        of_boot.push((anchor.boot_ms, anchor.wall_ms));
    }
    let boots: HashSet<&str> = boots.iter().map(String::as_str).collect();
    let (mut newest, mut known, mut others) = (Vec::new(), Vec::new(), 0);
    for (boot, points) in points {
        let anchors = Anchors::new(points);
        let has_rows = boots.contains(boot.as_str());
        if let Some((boot_ms, wall_ms)) = anchors.last().filter(|_| has_rows) {
            let boot = boot.clone();
            newest.push(Anchor {
                boot,
                boot_ms,
                wall_ms,
            });
        }
        others += usize::from(!has_rows);
        let is_all = has_rows && anchors.points().len() == 1;
        if !is_all && (has_rows || others <= BOOTS_REDATED_MAX) {
            known.push(BootAnchors { boot, anchors });
        }
    }
    (newest, known)
}

fn index_of<T: Clone + PartialEq>(list: &mut Vec<T>, value: &T) -> u32 {
    let at = list
        .iter()
        .position(|known| known == value)
        .unwrap_or_else(|| {
            list.push(value.clone());
            list.len() - 1
        });
    u32::try_from(at).unwrap_or(u32::MAX)
}
