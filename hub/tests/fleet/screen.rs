//! One terminal of the fleet: what it plays, by its seed, and how it sends that; how it asks is its
//! [`Asker`]'s to know.
//!
//! It does what `hub_link::plays` does, with the same client and the same state of sending; where
//! that keeps a ledger on disk, its plays follow from their numbers.

use std::fmt;
use std::sync::Arc;

use passerby_playout::hub_link::HubClient;
use passerby_playout::hub_link::send_state::{Answer, LedgerAction, SendState, SentRows};
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::wire::Credentials;
use passerby_protocol::{Epoch, PlayNumber, ScreenNumber};

use crate::asker::Asker;
use crate::dice::Dice;
use crate::requests::{Kind, Line, Requests};

/// How long a request takes in the fleet's time, in milliseconds.
const REQUEST_MS: u64 = 200;
/// How long one takes that nobody answers.
const TIMEOUT_MS: u64 = 60_000;
/// How long a machine is away that starts anew.
const START_MS: u64 = 90_000;
/// How long a line is down at most, in milliseconds.
pub(crate) const OUTAGE_MS_MAX: u64 = 6 * 3_600_000;
/// One that sends from a queue that never empties would send for ever at one moment.
const NEVER_MS: u64 = u64::MAX;

/// The same for all screens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// When the day began, in Unix milliseconds.
    pub(crate) began_ms: i64,
    /// Plays of a screen in the day.
    pub(crate) plays: u64,
    /// From the start of one play to that of the next, in milliseconds.
    pub(crate) pace_ms: u64,
    /// From one call to the next on a metered line, at least, in milliseconds.
    pub(crate) metered_ms: u64,
}

/// One boot of the machine.
struct Boot {
    name: String,
    /// Its first play.
    first_seq: u64,
    /// When it began, in milliseconds of the day.
    began_ms: u64,
    /// Words about the time: when each was heard, and by how much it was wrong.
    heard: Vec<(u64, i64)>,
}

/// A terminal.
pub(crate) struct Screen {
    pub(crate) number: ScreenNumber,
    client: HubClient,
    contents: Arc<[PlayContent]>,
    plan: Plan,
    boots: Vec<Boot>,
    /// When its line is down, in milliseconds of the day.
    outages: Vec<(u64, u64)>,
    dice: Dice,
    requests: Arc<Requests>,
    line: Line,
    asker: Asker,
    send_state: SendState,
    /// The boot in which that state began.
    boot: usize,
    /// What the ledger believes that the hub has.
    acked_through: u64,
    /// Sending is over until so far.
    busy_until_ms: u64,
}

impl Screen {
    pub(crate) fn new(
        credentials: &Credentials,
        client: HubClient,
        contents: Arc<[PlayContent]>,
        (plan, line): (Plan, Line),
        mut dice: Dice,
        requests: Arc<Requests>,
    ) -> Self {
        let number = credentials.screen;
        let boots = boots(number, plan, &mut dice);
        let outages = (0..dice.between(0, 3)).map(|_| {
            let from_ms = dice.between(0, 80_000_000);
            (from_ms, from_ms + dice.between(10_000, OUTAGE_MS_MAX))
        });
        let outages = outages.collect();
        let pause_ms = match line {
            Line::Metered => plan.metered_ms,
            Line::Unmetered => 0,
        };
        let asker = Asker::new(
            credentials,
            client.clone(),
            Arc::clone(&requests),
            (line, pause_ms),
            dice.apart(),
        );
        Self {
            number,
            client,
            contents,
            plan,
            boots,
            outages,
            dice,
            requests,
            line,
            asker,
            send_state: SendState::default(),
            boot: 0,
            acked_through: 0,
            busy_until_ms: 0,
        }
    }

    /// How many plays it has in all.
    pub(crate) const fn played(&self) -> u64 {
        self.plan.plays
    }

    /// Whether the hub has all of them, as far as it knows.
    pub(crate) const fn has_arrived(&self) -> bool {
        self.acked_through == self.plan.plays
    }

    /// When it wants to do something next, in milliseconds of the day.
    pub(crate) fn next_ms(&self) -> u64 {
        self.sends_next_ms().min(self.asker.next_ms())
    }

    fn sends_next_ms(&self) -> u64 {
        if self.has_arrived() {
            return NEVER_MS;
        }
        let waits_ms = self
            .send_state
            .next_at_ms()
            .or(self.send_state.ask_again_at_ms());
        // Nothing is sent before it was played.
        let played_ms = self.start_ms(self.acked_through + 1) + self.plan.pace_ms;
        waits_ms.unwrap_or(0).max(played_ms).max(self.busy_until_ms)
    }

    /// Does what it wants to do at a moment.
    pub(crate) async fn act(&mut self, now_ms: u64) {
        let boot = self.boots.partition_point(|boot| boot.began_ms <= now_ms) - 1;
        if boot != self.boot {
            // The program began anew; what it knew of the line is gone.
            (self.boot, self.send_state) = (boot, SendState::default());
            self.asker.begin_anew();
        }
        if now_ms >= self.asker.next_ms() {
            let is_cut_off = self.is_cut_off(now_ms);
            self.asker.ask(now_ms, is_cut_off).await;
        } else {
            self.send(now_ms).await;
        }
    }

    /// Its asker, unless it does not know yet what its hub has, or its line is down.
    pub(crate) fn listening(&mut self, now_ms: u64) -> Option<&mut Asker> {
        let listens = self.asker.is_up_to_date() && !self.is_cut_off(now_ms);
        listens.then_some(&mut self.asker)
    }

    async fn send(&mut self, now_ms: u64) {
        let batch = self.batch(now_ms, self.send_state.rows());
        self.send_state.sending(now_ms);
        let (answer, took_ms) = if self.is_cut_off(now_ms) {
            (Answer::TimedOut, TIMEOUT_MS)
        } else {
            self.requests.count(self.line, Kind::Plays).await;
            let answer = self.client.plays(self.number, &batch).await;
            match self.dice.between(0, 99) {
                // It does not come back, whatever it was.
                0..=2 => (Answer::TimedOut, TIMEOUT_MS),
                _ => (answer, REQUEST_MS),
            }
        };
        let (sent, rows) = (SentRows::of(&batch), self.send_state.rows());
        let action = self
            .send_state
            .answered(now_ms + took_ms, sent, &answer, self.dice.bits());
        self.busy_until_ms = now_ms + took_ms;
        if self.line == Line::Metered && sent.count < rows {
            // Each call costs more than a play, so it waits for more of them.
            self.busy_until_ms += self.plan.metered_ms;
        }
        match action {
            LedgerAction::Keep => {}
            LedgerAction::AckThrough(seq) => self.acked_through = seq,
            LedgerAction::Quarantine(_) | LedgerAction::BeginAnew(_) => {
                panic!("screen {}: {action:?} after {answer:?}", self.number)
            }
        }
    }

    /// The next plays that are recorded by now.
    fn batch(&self, now_ms: u64, rows: usize) -> PlayBatch {
        let first = self.acked_through + 1;
        let rows = u64::try_from(rows).unwrap();
        let plays: Vec<Play> = (first..first.saturating_add(rows))
            .take_while(|&seq| {
                seq <= self.plan.plays && self.start_ms(seq) + self.plan.pace_ms <= now_ms
            })
            .map(|seq| self.play(seq))
            .collect();
        let met = self.boots.iter().filter(|boot| boot.began_ms <= now_ms);
        let anchors = met.flat_map(|boot| {
            let heard = boot.heard.iter().filter(|(at_ms, _)| *at_ms <= now_ms);
            heard.map(|&(at_ms, wrong_ms)| Anchor {
                boot: boot.name.clone(),
                boot_ms: at_ms - boot.began_ms,
                wall_ms: self.plan.began_ms.saturating_add_unsigned(at_ms) + wrong_ms,
            })
        });
        PlayBatch::pack(
            Epoch(u64::from(self.number.get())),
            &plays,
            anchors.collect(),
        )
    }

    fn play(&self, seq: u64) -> Play {
        let boot = self.boot_of(seq);
        let content = usize::try_from(seq).unwrap() % self.contents.len();
        Play {
            seq,
            number: PlayNumber::new(u32::try_from(seq).unwrap()).unwrap(),
            content: self.contents[content].clone(),
            boot: boot.name.clone(),
            start_boot_ms: self.start_ms(seq) - boot.began_ms,
            visible_ms: self.plan.pace_ms.min(600_000) - seq % 100,
            outcome: if seq.is_multiple_of(37) {
                Outcome::CutShort
            } else {
                Outcome::Complete
            },
            display: Display::On,
        }
    }

    /// When a play began, in milliseconds of the day.
    fn start_ms(&self, seq: u64) -> u64 {
        let boot = self.boot_of(seq);
        boot.began_ms + START_MS + (seq - boot.first_seq) * self.plan.pace_ms
    }

    fn boot_of(&self, seq: u64) -> &Boot {
        &self.boots[self.boots.partition_point(|boot| boot.first_seq <= seq) - 1]
    }

    fn is_cut_off(&self, now_ms: u64) -> bool {
        let mut outages = self.outages.iter();
        outages.any(|&(from_ms, until_ms)| (from_ms..until_ms).contains(&now_ms))
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "screen {} {}: {} of {} plays acknowledged, sends next at {} ms; down at {:?}",
            self.number,
            self.line.name(),
            self.acked_through,
            self.plan.plays,
            self.sends_next_ms(),
            self.outages,
        )
    }
}

/// The boots of a day: one, and up to two more; and what each hears of the time.
fn boots(number: ScreenNumber, plan: Plan, dice: &mut Dice) -> Vec<Boot> {
    let mut firsts: Vec<u64> = (0..dice.between(0, 2))
        .map(|_| dice.between(2, plan.plays.max(2)))
        .collect();
    firsts.push(1);
    firsts.sort_unstable();
    firsts.dedup();
    let (mut boots, mut began_ms, mut before) = (Vec::new(), 0, 1);
    for (at, first_seq) in firsts.into_iter().enumerate() {
        if at > 0 {
            began_ms += START_MS + (first_seq - before) * plan.pace_ms;
        }
        before = first_seq;
        let heard = match dice.between(0, 9) {
            // Late: its plays are dated anew.
            0 | 1 => vec![(began_ms + dice.between(3_600_000, 7_200_000), 0)],
            // Wrong at first, until somebody sets the clock.
            2 | 3 => {
                let wrong_ms = i64::try_from(dice.between(60_000, 3 * 3_600_000)).unwrap();
                let later_ms = began_ms + dice.between(1_800_000, 10_800_000);
                vec![(began_ms + 1_000, -wrong_ms), (later_ms, 0)]
            }
            // Never.
            4 if dice.permille(300) => Vec::new(),
            _ => vec![(began_ms + 1_000, 0)],
        };
        boots.push(Boot {
            name: format!("boot {at} of screen {number}"),
            first_seq,
            began_ms,
            heard,
        });
    }
    boots
}
