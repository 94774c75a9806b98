//! kill -9 at random moments, with the hub going up and down.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use passerby_playout::ledger::Ledger;
use passerby_protocol::PlayNumber;
use passerby_testing::seeds;

use crate::parts::{
    HubProcess, blind_terminal, drain, enrol, number_from, plays_on_hub, publish, settings,
    wait_until,
};

/// A small generator, so that a failing run can be repeated by its seed.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// What terminals have said, one after the other.
#[derive(Default)]
struct Told {
    /// Most plays that were ever said to be on disk.
    recorded: u64,
    /// All numbers that were handed out, each once.
    numbers: BTreeSet<PlayNumber>,
}

impl Told {
    /// Hears a terminal until it has said so many lines, then kills it at once or a little later,
    /// and hears what else it said.
    fn hear_and_kill(&mut self, mut child: Child, lines: u64, later: Duration) {
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let mut out = out.lines().map_while(Result::ok);
        for _ in 0..lines {
            let line = out.next().expect("it does not end by itself");
            self.hear(&line);
        }
        // The moment of the kill is the test's input, not a wait for something.
        std::thread::sleep(later);
        child.kill().expect("SIGKILL");
        child.wait().expect("reaped");
        out.for_each(|line| self.hear(&line));
    }

    fn hear(&mut self, line: &str) {
        if let Some(number) = line.strip_prefix("number ") {
            let number = number.parse().ok().and_then(PlayNumber::new);
            let number = number.expect("a number");
            assert!(
                self.numbers.insert(number),
                "{number:?} was handed out twice"
            );
        } else if let Some(status) = line.strip_prefix("status ") {
            let status: serde_json::Value = serde_json::from_str(status).expect("JSON");
            let recorded = status["plays_recorded"].as_u64().expect("a number");
            self.recorded = self.recorded.max(recorded);
        }
    }
}

#[test]
fn after_any_number_of_kills_the_ledger_and_the_hub_agree_and_no_number_was_used_twice() {
    seeds(file!()).each(|seed| kill(number_from("PASSERBY_KILL_ROUNDS", 200), seed));
}

fn kill(rounds: u64, seed: u64) {
    let mut random = Seeded(seed);
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let mut hub = Some(HubProcess::start(&data, "127.0.0.1:0"));
    let (address, url) = hub
        .as_ref()
        .map(|hub| (hub.address.clone(), hub.url()))
        .expect("just started");
    publish(folder.path(), &data);
    let (terminal, enrolment) = enrol(folder.path(), &data, &url);
    let settings = settings(folder.path(), &url);
    let run = |dwell_ms| {
        let mut command = blind_terminal(&settings, dwell_ms);
        command.arg("--tell").stdout(Stdio::piped());
        command.spawn().expect("starts")
    };

    let mut told = Told::default();
    let (mut committed, mut kills_with_hub, mut kills_without) = (0, 0, 0);
    for round in 0..rounds {
        match (&hub, random.next(3)) {
            (Some(_), 0) => hub = None,
            (None, 0 | 1) => hub = Some(HubProcess::start(&data, &address)),
            _ => {}
        }
        *(if hub.is_some() {
            &mut kills_with_hub
        } else {
            &mut kills_without
        }) += 1;
        // A play makes two or three lines.
        let (lines, later) = (random.next(100), Duration::from_micros(random.next(20_000)));
        told.hear_and_kill(run(5), lines, later);
        if committed == 0 && Ledger::open_to_read(&terminal).is_err() {
            // Killed before it had made one; from the first play on there is no such excuse.
            continue;
        }
        let ledger = Ledger::open_to_read(&terminal).expect("kill -9 leaves a readable ledger");
        assert!(
            ledger.last_seq() >= committed,
            "round {round}: {} plays after {committed}",
            ledger.last_seq()
        );
        committed = ledger.last_seq();
        assert!(
            committed >= told.recorded,
            "round {round}: {committed} plays, but {} were said to be on disk",
            told.recorded
        );
    }

    drop(hub.take());
    let _hub = HubProcess::start(&data, &address);
    let mut last = run(50);
    let out = BufReader::new(last.stdout.take().expect("piped"));
    let listener = std::thread::spawn(move || {
        out.lines()
            .map_while(Result::ok)
            .for_each(|line| told.hear(&line));
        told
    });
    // By itself the hub link sends all that the kills left behind; the newest plays wait for the
    // hub's next turn.
    wait_until("all that was committed has arrived", || {
        Ledger::open_to_read(&terminal).is_ok_and(|ledger| ledger.acked_through() >= committed)
    });
    last.kill().expect("SIGKILL");
    last.wait().expect("reaped");
    let told = listener.join().expect("hears to the end");
    let mut ledger = Ledger::open(&terminal).expect("opens").0;
    drain(&mut ledger, &enrolment);
    let plays = ledger.plays_since(None).expect("reads");
    assert_eq!(
        plays.len() as u64,
        ledger.last_seq(),
        "no committed play was lost"
    );
    let numbers: BTreeSet<_> = plays.iter().map(|play| play.play.number).collect();
    assert_eq!(numbers.len(), plays.len(), "no play number was used twice");
    assert!(
        plays.len() as u64 >= rounds,
        "{} plays in {rounds} rounds",
        plays.len()
    );
    assert_eq!(
        plays_on_hub(&data),
        plays.len() as u64,
        "the hub has every play of the ledger, once"
    );
    assert!(numbers.is_subset(&told.numbers), "only what was handed out");
    println!(
        "{rounds} kills ({kills_with_hub} with hub, {kills_without} without), {} play numbers, {} plays, all on the hub once",
        told.numbers.len(),
        plays.len()
    );
}
