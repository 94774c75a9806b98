//! Writes a ledger or credentials and says on standard output what it is about to do and what is
//! done, for tests that cut the power, refuse writes or kill it.
//!
//! `ledger_writer plays FOLDER COUNT SEED` records plays, reserves numbers, takes anchors and
//! acknowledgements, opens the ledger anew in between, and ends without closing it, as if it had
//! been killed, unless the seed is even. `ledger_writer plays-until-refused FOLDER COUNT SEED`
//! ends, without closing it, as soon as the disk has refused something.
//! `ledger_writer credentials FOLDER COUNT` keeps credentials so many times.
//!
//! Each line is one write, made after what it tells of has returned: `epoch E`, `number N`,
//! `play NUMBER START VISIBLE CAMPAIGN`, `committed SEQ NUMBER`, `acking SEQ`, `acked SEQ`,
//! `seeing VERSION`, `saw VERSION`, `saving K`, `saved K`, `refused REASON`.

use std::path::{Path, PathBuf};

use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::{Ledger, LedgerError, NewPlay};
use passerby_playout::schedule::rotation::{Booked, History};
use passerby_playout::system::clock::Moment;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, PlayContent};
use passerby_protocol::wire::Credentials;
use passerby_protocol::{Assignment, Digest, PlayNumber, ScreenNumber};

/// Rows that the hub has and that stay; few, so that rows are pruned.
const ACKED_ROWS_KEPT: u64 = 40;
/// So often something that fails is tried again before the writer gives up.
const TRIES_MAX: u32 = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [
            kind @ ("plays" | "plays-until-refused"),
            folder,
            count,
            seed,
        ] => {
            let seed = seed.parse().expect("a seed");
            let mut writer = Writer::open(PathBuf::from(folder), seed);
            writer.insists = kind == "plays";
            writer.write(count.parse().expect("a count"));
            if seed % 2 == 1 {
                // Nothing is closed: the log stays as it is.
                std::process::exit(0);
            }
        }
        ["credentials", folder, count] => {
            credentials(Path::new(folder), count.parse().expect("a count"));
        }
        _ => panic!(
            "usage: ledger_writer plays|plays-until-refused FOLDER COUNT SEED | credentials FOLDER COUNT"
        ),
    }
}

struct Writer {
    folder: PathBuf,
    /// None only while it is opened anew.
    ledger: Option<Ledger>,
    random: u64,
    manifest: u64,
    /// Whether what fails is tried again.
    insists: bool,
}

impl Writer {
    fn open(folder: PathBuf, seed: u64) -> Self {
        let (mut ledger, note) = open(&folder);
        ledger.keep_acked_rows(ACKED_ROWS_KEPT);
        if let Some(note) = note {
            eprintln!("{note}");
        }
        let manifest = ledger.manifest_seen().expect("reads");
        println!("epoch {}", ledger.epoch());
        Self {
            folder,
            ledger: Some(ledger),
            random: seed,
            manifest,
            insists: true,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    fn write(&mut self, count: u64) {
        for at in 0..count {
            self.play(at);
            match self.below(160) {
                0..4 => self.acknowledge(),
                4..8 => self.see_manifest(),
                8..12 => self.anchor(at),
                12 => self.open_again(),
                13 => self.checkpoint(),
                // Numbers of plays that were never seen.
                16..20 => (0..self.below(200)).for_each(|_| {
                    self.number();
                }),
                _ => {}
            }
        }
    }

    fn number(&mut self) -> PlayNumber {
        let number = self.insist(Ledger::next_number);
        println!("number {}", number.get());
        number
    }

    fn play(&mut self, at: u64) {
        let number = self.number();
        // Contents of many lengths, up to what the hub takes; most of them known already.
        let length = usize::try_from(self.below(12)).expect("small");
        let mut campaign = "c".repeat(1 + length * length * 2);
        if self.below(4) == 0 {
            campaign = format!("{at}{campaign}");
        }
        let play = NewPlay {
            number,
            content: PlayContent {
                assignment: Assignment::NONE,
                campaign,
                creative: Digest([u8::try_from(length).expect("small"); 32]),
            },
            start: Moment {
                boot: format!("boot-{}", at / 100).into(),
                boot_ms: at * 10_000,
                wall_ms: None,
            },
            visible_ms: 9_000 + self.below(2_000),
            outcome: Outcome::Complete,
            display: Display::Unknown,
        };
        println!(
            "play {} {} {} {}",
            number.get(),
            play.start.boot_ms,
            play.visible_ms,
            play.content.campaign
        );
        let zone = if self.below(8) == 0 { "ticker" } else { "main" };
        let seq = self.insist(|ledger| {
            if ledger.recorded(&[number])?.contains(&number) {
                return Ok(ledger.last_seq());
            }
            let mut history = History::default();
            let seq = ledger.record(&play, zone, &mut history, &Booked::default())?;
            Ok(seq.expect("there is room"))
        });
        println!("committed {seq} {}", number.get());
    }

    fn acknowledge(&mut self) {
        let ledger = self.ledger.as_ref().expect("open");
        let (acked, waiting) = (ledger.acked_through(), ledger.waiting());
        let through = acked + self.below(waiting / 3 + 1);
        println!("acking {through}");
        self.insist(|ledger| ledger.acknowledge(through));
        println!("acked {through}");
    }

    fn see_manifest(&mut self) {
        self.manifest += 1 + self.below(3);
        let version = self.manifest;
        println!("seeing {version}");
        self.insist(|ledger| ledger.see_manifest(version));
        println!("saw {version}");
    }

    fn anchor(&mut self, at: u64) {
        let anchor = Anchor {
            boot: format!("boot-{}", at / 100),
            boot_ms: at * 10_000,
            wall_ms: 1_800_000_000_000,
        };
        self.insist(|ledger| ledger.anchor(&anchor));
    }

    /// In good order: the log goes into the file and is removed.
    fn open_again(&mut self) {
        self.ledger = None;
        let (mut ledger, note) = open(&self.folder);
        assert_eq!(note, None, "what was closed in good order is whole");
        ledger.keep_acked_rows(ACKED_ROWS_KEPT);
        self.ledger = Some(ledger);
    }

    /// As somebody who reads the ledger may bring it about: the log is cut while the writer has it
    /// open.
    fn checkpoint(&mut self) {
        let other = rusqlite::Connection::open(self.folder.join("ledger.sqlite")).expect("opens");
        let _ = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    /// Does something as the player does: what fails is tried again once the file was read anew.
    fn insist<T>(&mut self, act: impl Fn(&mut Ledger) -> Result<T, LedgerError>) -> T {
        for _ in 0..TRIES_MAX {
            let ledger = self.ledger.as_mut().expect("open");
            match ledger.settle().and_then(|_| act(ledger)) {
                Ok(done) => return done,
                Err(error) => {
                    println!("refused {error}");
                    if !self.insists {
                        std::process::exit(0);
                    }
                    ledger.doubt();
                }
            }
        }
        panic!("the disk refuses for too long");
    }
}

/// Opens a ledger, as a supervisor would that starts the terminal again.
fn open(folder: &Path) -> (Ledger, Option<String>) {
    for _ in 0..TRIES_MAX {
        match Ledger::open(folder) {
            Ok(opened) => return opened,
            Err(error) => println!("refused {error}"),
        }
    }
    panic!("the disk refuses for too long");
}

fn credentials(folder: &Path, count: usize) {
    for at in 1..=count {
        let enrolment = Enrolment {
            hub: format!("https://hub-{at}.example/{}", "x".repeat(at * 300 % 2_000)),
            credentials: Credentials {
                screen: ScreenNumber::new(7).expect("in range"),
                token_key: "ab".repeat(32),
                generation: 0,
                bearer: "secret".into(),
                manifest_key: "cd".repeat(32),
                manifest_key_generation: 0,
                scan_base: "HTTPS://HUB.EXAMPLE".into(),
                play_floor: PlayNumber::new(1).expect("in range"),
            },
            kept_manifests: Vec::new(),
        };
        println!("saving {at}");
        enrolment.save(folder).expect("keeps");
        println!("saved {at}");
    }
}
