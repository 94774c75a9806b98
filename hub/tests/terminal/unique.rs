//! A million plays, fifty restarts, two new memory cards: no two codes are alike.
//!
//! What makes them differ is one of two things. Within the life of a memory card it is the play
//! number: the ledger reserves ranges on disk before it uses them, so a restart skips numbers and
//! repeats none. A new memory card knows nothing of its forerunner's reservations. It starts above
//! all numbers that the hub has seen, and so comes to those that the old memory card has used for
//! plays which it never sent. These codes differ by the key's generation, which a new enrolment
//! begins: in three bits, and in a tag that another key made. Time could tell them apart as well,
//! but must not be needed: here no clock is trusted, so that all minutes are 0.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use passerby_hub::Hub;
use passerby_playout::hub_link::{HubClient, enrol};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::{Ledger, NewPlay};
use passerby_playout::schedule::rotation::{Booked, History};
use passerby_playout::system::clock::Moment;
use passerby_protocol::plays::{Display, Outcome, PlayContent};
use passerby_protocol::token::{Token, TokenContents};
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Assignment, Digest, PlayNumber};

use crate::parts::{HubProcess, drain, hub, publish, runtime};

const PLAYS: usize = 1_000_000;
/// Fifty restarts, so one more runs.
const RUNS: usize = 51;
/// Before these runs the memory card is replaced.
const NEW_MEMORY_CARDS: [usize; 2] = [17, 34];
/// So many last runs of a memory card are never synced.
const UNSYNCED_RUNS: usize = 3;
/// The screen has been on the air for long: above all random starts of a new ledger, so that every
/// new memory card starts where the hub says.
const LONG_USED: u32 = 1 << 27;

/// What kill -9, or a power cut, leaves of a ledger: its file and its write-ahead log, as they are,
/// and no index of it.
fn killed(ledger: Ledger, folder: &Path, run: usize) -> PathBuf {
    let left = folder.with_file_name(format!("run-{run}"));
    std::fs::create_dir_all(&left).expect("folder");
    for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
        std::fs::copy(folder.join(name), left.join(name)).expect("copies");
    }
    drop(ledger);
    left
}

/// Records a play on a boot of its own run; no clock is trusted.
fn record(ledger: &mut Ledger, number: PlayNumber, run: usize, at: usize) {
    let play = NewPlay {
        number,
        content: PlayContent {
            assignment: Assignment::new(1).expect("in range"),
            campaign: "cafe".to_owned(),
            creative: Digest([1; 32]),
        },
        start: Moment {
            boot: format!("boot-{run}").into(),
            boot_ms: at as u64 * 10_000,
            wall_ms: None,
        },
        visible_ms: 10_000,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    };
    let recorded = ledger.record(&play, "main", &mut History::default(), &Booked::default());
    recorded.expect("writes").expect("room");
}

struct Screen {
    folder: PathBuf,
    hub_data: PathBuf,
    url: String,
    runtime: tokio::runtime::Runtime,
}

impl Screen {
    /// A memory card without anything on it enrols by a token.
    fn new_memory_card(&self, life: usize, token: &serde_json::Value) -> (PathBuf, Enrolment) {
        let folder = self
            .folder
            .join(format!("memory-card-{life}"))
            .join("run-first");
        let enrolled = enrol(&self.url, token.as_str(), "", &folder, None, |_| ());
        let enrolment = self.runtime.block_on(enrolled).expect("enrols");
        let credentials = &enrolment.credentials;
        let heartbeat = Heartbeat {
            key_generation: Some(credentials.generation),
            ..Heartbeat::default()
        };
        let client = HubClient::new(&self.url, Some(credentials.bearer.clone()));
        let answered = client.heartbeat(credentials.screen, &heartbeat);
        self.runtime.block_on(answered).expect("is heard");
        (folder, enrolment)
    }

    fn renewed(&self) -> serde_json::Value {
        hub(&self.hub_data, &["screen", "renew", "1"])["token"].take()
    }
}

#[test]
fn a_million_plays_over_fifty_restarts_and_two_new_memory_cards_have_a_million_different_codes() {
    let started = Instant::now();
    let folder = tempfile::tempdir().expect("folder");
    let hub_data = folder.path().join("hub");
    let process = HubProcess::start(&hub_data, "127.0.0.1:0");
    publish(folder.path(), &hub_data);
    let screen = Screen {
        folder: folder.path().to_owned(),
        hub_data: hub_data.clone(),
        url: process.url(),
        runtime: runtime(),
    };
    let added = hub(&hub_data, &["screen", "add", "Window"]);
    let (mut data_dir, mut enrolment) = screen.new_memory_card(0, &added["token"]);
    {
        let mut ledger = Ledger::open(&data_dir).expect("opens").0;
        let floor = PlayNumber::new(LONG_USED).expect("in range");
        ledger.raise_numbers(floor).expect("writes");
    }

    let mut tokens: Vec<String> = Vec::with_capacity(PLAYS);
    let mut numbers: Vec<u32> = Vec::with_capacity(PLAYS);
    let mut unsynced = 0;
    for run in 0..RUNS {
        if let Some(life) = NEW_MEMORY_CARDS.iter().position(|&before| before == run) {
            (data_dir, enrolment) = screen.new_memory_card(life + 1, &screen.renewed());
        }
        let mut ledger = Ledger::open(&data_dir).expect("opens").0;
        let credentials = &enrolment.credentials;
        ledger
            .raise_numbers(credentials.play_floor)
            .expect("writes");
        let key = enrolment.token_key();
        let plays = PLAYS / RUNS + usize::from(run < PLAYS % RUNS);
        let is_lost = NEW_MEMORY_CARDS
            .iter()
            .any(|&before| (before - UNSYNCED_RUNS..before).contains(&run));
        for at in 0..plays {
            let number = ledger.next_number().expect("a number");
            let contents = TokenContents {
                generation: credentials.generation,
                screen: credentials.screen,
                assignment: Assignment::new(1).expect("in range"),
                play: number,
                minutes: TokenContents::minutes_at(None),
            };
            tokens.push(Token::mint(contents, &key).to_string());
            numbers.push(number.get());
            if at % 5_000 == 0 || at + 1 == plays {
                record(&mut ledger, number, run, at);
            }
        }
        if is_lost {
            unsynced += plays;
        } else {
            drain(&mut ledger, &enrolment);
        }
        data_dir = killed(ledger, &data_dir, run);
    }
    let minted_s = started.elapsed().as_secs_f64();

    let hub = Hub::open(&hub_data).expect("opens");
    let now_ms = jiff::Timestamp::now().as_millisecond();
    for token in &tokens {
        let contents = hub.verified(token, now_ms).expect("answers");
        assert!(contents.is_ok(), "{token}: {contents:?}");
    }
    let generations: BTreeSet<u8> = tokens
        .iter()
        .filter_map(|token| Some(Token::parse(token)?.unverified().generation))
        .collect();
    assert_eq!(generations.into_iter().collect::<Vec<_>>(), [0, 1, 2]);

    let minted = tokens.len();
    tokens.sort_unstable();
    tokens.dedup();
    numbers.sort_unstable();
    numbers.dedup();
    println!(
        "{minted} plays over {} restarts and {} new memory cards: {} different codes, {} different play numbers ({unsynced} plays lost with their memory cards); minted in {minted_s:.1} s, {:.1} s in all",
        RUNS - 1,
        NEW_MEMORY_CARDS.len(),
        tokens.len(),
        numbers.len(),
        started.elapsed().as_secs_f64()
    );
    assert_eq!((minted, tokens.len()), (PLAYS, PLAYS));
    // Each new memory card comes to the numbers of the plays that its forerunner lost, but for the
    // few that one of the two has skipped at a restart. Were it not for the generations, that many
    // codes would have been shown twice.
    let again = PLAYS - numbers.len();
    assert!(
        again <= unsynced && again > unsynced - 256 * 2 * UNSYNCED_RUNS * NEW_MEMORY_CARDS.len(),
        "{again} numbers came again, of {unsynced} plays that were lost"
    );
    drop(process);
}
