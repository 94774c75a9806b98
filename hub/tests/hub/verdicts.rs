//! What a scan counts for over hours and days, as plays arrive; the store is asked itself, so that
//! time is an argument.

use passerby_hub::Hub;
use passerby_hub::publish::folder::Publication;
use passerby_hub::scans::visitor::{Grade, Visitor};
use passerby_hub::store::{Recorded, Scan, ScanCounts, Targets};
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::token::TokenContents;
use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber, ScreenNumber};
use tempfile::TempDir;

use crate::stand::{look_at, new_hub, png};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 2026-12-01T08:00Z.
const START_MS: i64 = 1_796_112_000_000;
/// The number of the first play.
const FIRST: u32 = 1_000;

struct Street {
    hub: Hub,
    screen: ScreenNumber,
    _folder: TempDir,
}

impl Street {
    /// One screen with one campaign; a play in ten seconds from [`START_MS`] on.
    fn new() -> Self {
        Self::with(
            "title = 'Café'\ntarget = 'https://cafe.example'\n[[placement]]\ncreative = 'a.png'\nseconds = 10\n",
        )
    }

    fn with(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let campaign = folder.path().join("cafe");
        std::fs::create_dir(&campaign).unwrap();
        std::fs::write(campaign.join("a.png"), png([9; 3])).unwrap();
        std::fs::write(campaign.join("campaign.toml"), toml).unwrap();
        let hub = new_hub(&folder.path().join("data"));
        let (screen, _) = hub
            .store
            .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "one", START_MS)
            .unwrap();
        let publication = Publication::read(&campaign, &look_at).unwrap();
        hub.publish(
            &passerby_hub::people::Actor::COMMAND_LINE,
            &publication,
            &Targets::Everywhere,
            START_MS,
        )
        .unwrap();
        Self {
            hub,
            screen,
            _folder: folder,
        }
    }

    fn start_of(at: u32) -> i64 {
        START_MS + 10_000 * i64::from(at)
    }

    /// Somebody opens the code of a play, minted when the one before it began.
    fn scan(&self, visitor: u32, at: u32, opened_ms: i64) {
        let minted_ms = Self::start_of(at) - 10_000;
        self.open(visitor, FIRST + at, Some(minted_ms), opened_ms);
    }

    fn open(&self, visitor: u32, number: u32, minted_ms: Option<i64>, opened_ms: i64) -> Recorded {
        let contents = TokenContents {
            generation: 0,
            screen: self.screen,
            assignment: Assignment::new(1).unwrap(),
            play: PlayNumber::new(number).unwrap(),
            minutes: TokenContents::minutes_at(minted_ms),
        };
        let landed = self.hub.store.landed(&contents).unwrap().unwrap();
        let mut name = [0; 16];
        name[..4].copy_from_slice(&visitor.to_be_bytes());
        let scan = Scan {
            contents,
            landed: landed.into(),
            visitor: Visitor(name),
            grade: Grade::Browser,
            is_crowded: false,
            begins_chain: false,
            code_days: 180,
            opened_ms,
        };
        self.hub.store.record_scan(scan).unwrap()
    }

    /// The plays arrive that `numbers` names, each at the place of its number.
    fn arrive(&self, epoch: u64, numbers: &[u32], is_dated: bool) {
        let plays: Vec<Play> = numbers
            .iter()
            .zip(1..)
            .map(|(&at, seq)| Play {
                seq,
                number: PlayNumber::new(FIRST + at).unwrap(),
                content: PlayContent {
                    assignment: Assignment::new(1).unwrap(),
                    campaign: "cafe".into(),
                    creative: Digest([7; 32]),
                },
                boot: format!("boot {epoch}"),
                start_boot_ms: 10_000 * u64::from(at),
                visible_ms: 10_000,
                outcome: Outcome::Complete,
                display: Display::Unknown,
            })
            .collect();
        let anchor = Anchor {
            boot: format!("boot {epoch}"),
            boot_ms: 0,
            wall_ms: START_MS,
        };
        let anchors = if is_dated { vec![anchor] } else { Vec::new() };
        let batch = PlayBatch::pack(Epoch(epoch), &plays, anchors);
        let taken = self
            .hub
            .store
            .take_plays(self.screen, &batch, START_MS + DAY_MS)
            .unwrap();
        assert_eq!(taken.rejected, []);
    }

    fn scans(&self) -> ScanCounts {
        self.hub.store.report().unwrap().scans
    }

    fn figures(&self) -> (u64, u64, u64, u64) {
        let scans = self.scans();
        assert_eq!(scans.fresh + scans.late, scans.tally.total);
        (scans.fresh, scans.late, scans.replays, scans.unaired)
    }
}

#[test]
fn a_scan_at_the_screen_is_fresh_and_a_photo_opened_hours_later_is_late() {
    let street = Street::new();
    street.scan(1, 5, Street::start_of(5) + 4_000);
    street.scan(2, 5, Street::start_of(5) + 8 * MINUTE_MS);
    street.scan(3, 5, Street::start_of(5) + 5 * HOUR_MS);
    assert_eq!(street.figures(), (2, 1, 0, 0));
    street.arrive(1, &(0..10).collect::<Vec<_>>(), true);
    assert_eq!(street.figures(), (2, 1, 0, 0), "its play says the same");
}

#[test]
fn a_scan_is_settled_by_its_play_even_where_the_terminals_clock_was_wrong() {
    let street = Street::new();
    // The clock was a day ahead: minted tomorrow.
    street.open(
        1,
        FIRST + 5,
        Some(Street::start_of(5) + DAY_MS),
        Street::start_of(5),
    );
    // And for this one a day behind.
    street.open(
        2,
        FIRST + 6,
        Some(Street::start_of(6) - DAY_MS),
        Street::start_of(6),
    );
    assert_eq!(street.figures(), (0, 1, 0, 1));
    street.arrive(1, &(0..10).collect::<Vec<_>>(), true);
    assert_eq!(street.figures(), (2, 0, 0, 0));
}

#[test]
fn codes_without_a_clock_are_judged_by_their_play_once_it_is_dated() {
    let street = Street::new();
    for visitor in 0..6 {
        let opened_ms = Street::start_of(5) + DAY_MS / 2 + i64::from(visitor);
        street.open(visitor, FIRST + 5, None, opened_ms);
    }
    assert_eq!(
        street.figures(),
        (6, 0, 0, 0),
        "nothing is known against them"
    );
    let numbers: Vec<_> = (0..10).collect();
    street.arrive(1, &numbers, false);
    assert_eq!(street.figures(), (6, 0, 0, 0), "its play is not dated");
    street.arrive(1, &numbers, true);
    assert_eq!(street.figures(), (0, 3, 3, 0));
}

#[test]
fn a_code_that_was_numbered_and_never_shown_is_unaired_once_the_ledger_has_gone_past_it() {
    let street = Street::new();
    street.scan(1, 5, Street::start_of(5) + 4_000);
    street.scan(2, 8, Street::start_of(8) + 4_000);
    let skipped: Vec<_> = (0..1_500).filter(|&at| at != 5).collect();
    street.arrive(1, &skipped[..500], true);
    assert_eq!(
        street.figures(),
        (2, 0, 0, 0),
        "it could still be on the screen"
    );
    street.arrive(1, &skipped, true);
    assert_eq!(street.figures(), (1, 0, 0, 1));
}

#[test]
fn a_play_that_a_power_cut_took_along_keeps_its_scans() {
    let street = Street::new();
    street.scan(1, 5, Street::start_of(5) + 4_000);
    // Number 5 was on the screen and 6 was ordered; the terminal came back with a new range.
    let cut: Vec<_> = (0..1_800).filter(|at| !(5..256).contains(at)).collect();
    street.arrive(1, &cut, true);
    assert_eq!(street.figures(), (1, 0, 0, 0));
}

#[test]
fn a_play_of_a_ledger_that_was_lost_keeps_its_scans() {
    let street = Street::new();
    street.scan(1, 5, Street::start_of(5) + 4_000);
    street.arrive(2, &(50_000..52_000).collect::<Vec<_>>(), true);
    assert_eq!(street.figures(), (1, 0, 0, 0));
}

#[test]
fn a_number_that_the_ledger_was_nowhere_near_is_unaired() {
    let street = Street::new();
    let minted_ms = START_MS + HOUR_MS;
    for (visitor, number) in [(1, 5), (2, FIRST + 900_000), (3, FIRST + 365)] {
        street.open(visitor, number, Some(minted_ms), minted_ms + 5_000);
    }
    assert_eq!(street.figures(), (3, 0, 0, 0));
    street.arrive(1, &(0..1_500).collect::<Vec<_>>(), true);
    assert_eq!(street.figures(), (1, 0, 0, 2));
}

#[test]
fn a_scan_that_is_settled_never_changes_again() {
    let street = Street::new();
    street.scan(1, 5, Street::start_of(5) + 4_000);
    street.arrive(1, &(0..10).collect::<Vec<_>>(), true);
    let before = street.scans();
    street.arrive(1, &(0..1_500).collect::<Vec<_>>(), true);
    assert_eq!(street.scans(), before);
}

#[test]
fn a_play_that_waited_for_an_hour_is_fresh_when_it_airs() {
    let street = Street::new();
    let opened_ms = Street::start_of(5) + 55 * MINUTE_MS;
    street.scan(1, 5, opened_ms);
    assert_eq!(
        street.figures(),
        (0, 1, 0, 0),
        "everything here lasts ten seconds"
    );
    let slow = Street::new();
    let folder = tempfile::tempdir().unwrap();
    let campaign = folder.path().join("slow");
    std::fs::create_dir(&campaign).unwrap();
    std::fs::write(campaign.join("a.png"), png([99; 3])).unwrap();
    let toml = "title = 'Slow'\n[[placement]]\ncreative = 'a.png'\nseconds = 3600\n";
    std::fs::write(campaign.join("campaign.toml"), toml).unwrap();
    let publication = Publication::read(&campaign, &look_at).unwrap();
    slow.hub
        .publish(
            &passerby_hub::people::Actor::COMMAND_LINE,
            &publication,
            &Targets::Everywhere,
            START_MS,
        )
        .unwrap();
    slow.scan(1, 5, opened_ms);
    assert_eq!(slow.figures(), (1, 0, 0, 0));
}

#[test]
fn a_play_that_was_short_counts_for_fewer_once_it_has_arrived() {
    let street = Street::new();
    // Of these ten seconds the hub knows; a crowd of so many nobody has seen before a screen.
    for visitor in 0..500 {
        street.scan(visitor, 5, Street::start_of(5) + i64::from(visitor));
    }
    let floods = || street.scans().floods;
    assert_eq!((street.figures(), floods()), ((200, 0, 0, 0), 300));
    street.scan(900, 6, Street::start_of(6));
    street.arrive(1, &(0..10).collect::<Vec<_>>(), true);
    assert_eq!((street.figures(), floods()), ((201, 0, 0, 0), 300));
    // A placement without a time of its own is taken for a minute, until its play says ten seconds.
    let guessed = Street::with("title = 'Cafe'\ntarget = 'https://cafe.example'\n");
    for visitor in 0..700 {
        guessed.scan(visitor, 5, Street::start_of(5) + i64::from(visitor));
    }
    assert_eq!(
        (guessed.figures(), guessed.scans().floods),
        ((600, 0, 0, 0), 100)
    );
    guessed.arrive(1, &(0..10).collect::<Vec<_>>(), true);
    assert_eq!(
        (guessed.figures(), guessed.scans().floods),
        ((200, 0, 0, 0), 500)
    );
}
