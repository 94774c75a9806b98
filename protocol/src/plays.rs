//! Plays on the wire: columns, so that a month is small.
//!
//! Invariant: [`PlayBatch::pack`] and [`PlayBatch::unpack`] are each other's inverse, and `unpack` takes nothing past
//! the limits in [`crate::limits`], whoever sent it.

use serde::{Deserialize, Serialize};

use crate::limits::{BATCH_PLAYS_MAX, PLAY_MS_MAX};
use crate::{Assignment, Digest, Epoch, PlayNumber};

/// How a play ended. Codes are only ever added: a hub keeps those that it does not know yet out of its tables, row by
/// row, as it does with any row that it cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Outcome {
    /// For its whole time.
    Complete,
    /// Something more important, or the end of the program, came before its time was up.
    CutShort,
    /// It stayed for longer than its time: its successor was not ready.
    Late,
    /// It was seen as its poster, or as a picture that no longer moved.
    Poster,
    /// An emergency covered it before its time was up.
    Covered,
}

impl Outcome {
    /// Every outcome, by its code.
    pub const ALL: [Self; 5] = [
        Self::Complete,
        Self::CutShort,
        Self::Late,
        Self::Poster,
        Self::Covered,
    ];

    /// The word for it in lists and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::CutShort => "cut short",
            Self::Late => "late",
            Self::Poster => "poster",
            Self::Covered => "covered",
        }
    }
}

impl TryFrom<u8> for Outcome {
    type Error = String;
    fn try_from(code: u8) -> Result<Self, String> {
        Self::ALL
            .get(usize::from(code))
            .copied()
            .ok_or_else(|| format!("unknown outcome {code}"))
    }
}

impl From<Outcome> for u8 {
    fn from(outcome: Outcome) -> u8 {
        match outcome {
            Outcome::Complete => 0,
            Outcome::CutShort => 1,
            Outcome::Late => 2,
            Outcome::Poster => 3,
            Outcome::Covered => 4,
        }
    }
}

/// What was shown: the same for many plays, so a batch holds it once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// The hub's number; zero for local content.
    pub assignment: Assignment,
    /// The campaign's name.
    pub campaign: String,
    /// The picture.
    pub creative: Digest,
}

/// One play of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// Its place in the ledger, from 1 without gaps.
    pub seq: u64,
    /// Its number, which its token carried.
    pub number: PlayNumber,
    /// What was shown.
    pub content: Content,
    /// In which boot of the machine.
    pub boot: String,
    /// When it became visible, in milliseconds of that boot's CLOCK_BOOTTIME.
    pub start_boot_ms: u64,
    /// For how long it was visible, in milliseconds.
    pub visible_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// Ties a boot's clock to wall time, so that plays can be dated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The boot id.
    pub boot: String,
    /// CLOCK_BOOTTIME in milliseconds.
    pub boot_ms: u64,
    /// Unix time in milliseconds at that moment.
    pub wall_ms: i64,
}

impl Anchor {
    /// Returns the wall time of a moment of the same boot.
    pub fn wall_at(&self, boot_ms: u64) -> i64 {
        let distance = i128::from(boot_ms) - i128::from(self.boot_ms);
        i64::try_from(i128::from(self.wall_ms) + distance).unwrap_or(i64::MAX)
    }
}

/// The body of `POST /v1/terminals/{n}/plays`, before zstd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayBatch {
    /// Which ledger.
    pub epoch: Epoch,
    /// The seq of the first row; the others follow without gaps.
    pub first_seq: u64,
    /// What is known about the boots below; at most one a boot, the newest.
    pub anchors: Vec<Anchor>,
    /// The boots that rows refer to.
    pub boots: Vec<String>,
    /// The contents that rows refer to.
    pub contents: Vec<Content>,
    /// One entry a row in each.
    pub columns: Columns,
}

/// The rows of a batch, column by column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// Play numbers, each as the difference to the one before.
    pub number: Vec<i64>,
    /// Index into the contents.
    pub content: Vec<u32>,
    /// Index into the boots.
    pub boot: Vec<u32>,
    /// Starts, each as the difference to the one before.
    pub start_boot_ms: Vec<i64>,
    /// Visible times.
    pub visible_ms: Vec<u64>,
    /// Outcomes.
    pub outcome: Vec<Outcome>,
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
        /// Why.
        reason: &'static str,
    },
}

impl PlayBatch {
    /// Packs rows whose seqs follow each other. Rows that do not follow are left out, so the caller sends them next.
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
            (number, start) = (play_number, play_start);
        }
        Self {
            epoch,
            first_seq,
            anchors,
            boots,
            contents,
            columns,
        }
    }

    /// Returns the rows.
    ///
    /// # Errors
    /// [`BatchError::Malformed`] when the whole is not one, [`BatchError::Row`] for the first impossible row.
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
        if lengths.iter().any(|&length| length != rows) {
            return Err(BatchError::Malformed("its columns differ in length"));
        }
        if rows > BATCH_PLAYS_MAX
            || self.boots.len() > rows
            || self.contents.len() > rows
            || self.anchors.len() > rows + 1
        {
            return Err(BatchError::Malformed("it is longer than the limit"));
        }
        if self.first_seq == 0 || self.first_seq > i64::MAX as u64 - rows as u64 {
            return Err(BatchError::Malformed("its first_seq is out of range"));
        }
        if self
            .boots
            .iter()
            .chain(self.anchors.iter().map(|anchor| &anchor.boot))
            .any(|boot| boot.len() > 64)
            || self
                .contents
                .iter()
                .any(|content| content.campaign.len() > 256)
        {
            return Err(BatchError::Malformed(
                "a boot id or campaign name is too long",
            ));
        }
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
            });
        }
        Ok(plays)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plays() -> impl Strategy<Value = Vec<Play>> {
        let row = (
            0..=PlayNumber::MAX,
            0u8..3,
            0u8..2,
            0u64..1 << 40,
            0..=PLAY_MS_MAX,
            0..Outcome::ALL.len(),
        );
        (1u64..1 << 40, prop::collection::vec(row, 0..50)).prop_map(|(first_seq, rows)| {
            rows.into_iter()
                .zip(first_seq..)
                .map(
                    |((number, content, boot, start_boot_ms, visible_ms, outcome), seq)| Play {
                        seq,
                        number: PlayNumber::new(number).expect("in range"),
                        content: Content {
                            assignment: Assignment::new(u32::from(content)).expect("in range"),
                            campaign: format!("c{content}"),
                            creative: Digest([content; 32]),
                        },
                        boot: format!("boot{boot}"),
                        start_boot_ms,
                        visible_ms,
                        outcome: Outcome::ALL[outcome],
                    },
                )
                .collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks_the_same(plays in plays()) {
            let batch = PlayBatch::pack(Epoch(1), &plays, Vec::new());
            let json = serde_json::to_vec(&batch).expect("serialises");
            let read: PlayBatch = serde_json::from_slice(&json).expect("reads back");
            prop_assert_eq!(read.unpack(), Ok(plays));
        }

        #[test]
        fn hostile_columns_are_refused_without_a_panic(numbers in prop::collection::vec(any::<i64>(), 0..5), starts in prop::collection::vec(any::<i64>(), 0..5), first_seq: u64) {
            let rows = numbers.len();
            let batch = PlayBatch {
                epoch: Epoch(1), first_seq, anchors: Vec::new(), boots: vec!["b".into()], contents: Vec::new(),
                columns: Columns { number: numbers, content: vec![7; rows], boot: vec![0; rows], start_boot_ms: starts, visible_ms: vec![0; rows], outcome: vec![Outcome::Complete; rows] },
            };
            let rows_taken = batch.unpack().map_or(0, |plays| plays.len());
            prop_assert_eq!(rows_taken, 0);
        }
    }

    #[test]
    fn codes_of_outcomes_never_change() {
        let codes: Vec<u8> = Outcome::ALL.into_iter().map(u8::from).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4]);
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::try_from(u8::from(outcome)), Ok(outcome));
        }
        assert!(Outcome::try_from(5).is_err());
    }

    #[test]
    fn rows_after_a_gap_wait_for_the_next_batch() {
        let play = |seq| Play {
            seq,
            number: PlayNumber::new(1).expect("in range"),
            content: Content {
                assignment: Assignment::NONE,
                campaign: "c".into(),
                creative: Digest([0; 32]),
            },
            boot: "b".into(),
            start_boot_ms: 0,
            visible_ms: 1,
            outcome: Outcome::Complete,
        };
        let batch = PlayBatch::pack(Epoch(1), &[play(4), play(5), play(9)], Vec::new());
        assert_eq!(batch.unpack().expect("good").len(), 2);
    }
}
