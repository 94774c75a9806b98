//! A hub that is away for an hour.

use std::sync::Arc;

use passerby_playout::hub_link::send_state::{Answer, SendState, SentRows};
use passerby_playout::ledger::Ledger;
use passerby_playout::settings::config::Config;
use passerby_protocol::plays::Outcome;
use passerby_simulation::SimulatedClock;

use crate::parts::{HubProcess, drain, enrol, plays_on_hub, publish};
use crate::stand::{Setup, Terminal};

#[test]
fn an_hour_without_a_hub_is_not_noticed_and_all_of_it_arrives_after() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let hub = HubProcess::start(&data, "127.0.0.1:0");
    let (terminal, enrolment) = enrol(folder.path(), &data, &hub.url());
    publish(folder.path(), &data);
    let address = hub.address.clone();
    drop(hub);

    // One hour of simulated time, with local content, while the hub is away.
    let clock = Arc::new(SimulatedClock::new("boot", 1_800_000_000_000));
    let setup = Setup {
        clock,
        folder: Some(folder.path().join("cafe")),
        dwell_ms: Config::default().dwell_ms,
        is_online: false,
        run_for_ms: Some(3_600_000),
        ..Setup::default()
    };
    Terminal::with(&terminal, &enrolment, setup).join();

    let mut ledger = Ledger::open(&terminal).expect("opens").0;
    let plays = ledger.plays_since(None).expect("reads");
    let hour_ms: u64 = plays.iter().map(|play| play.play.visible_ms).sum();
    assert!(
        (3_590_000..=3_600_000).contains(&hour_ms),
        "{hour_ms} ms of an hour were on screen"
    );
    assert!(plays.len() >= 355, "{}", plays.len());
    assert!(
        plays[..plays.len() - 1]
            .iter()
            .all(|play| play.play.outcome == Outcome::Complete),
        "no play noticed the outage"
    );

    // The hub comes back after that hour; until then every attempt failed and backed off.
    let (mut sync, mut now_ms, mut attempts) = (SendState::default(), 0, 0u64);
    while now_ms < 3_600_000 {
        sync.answered(
            now_ms,
            SentRows {
                first_seq: 1,
                count: 1,
                is_first_empty: false,
            },
            &Answer::Unavailable {
                retry_after_ms: None,
            },
            attempts * 7_919,
        );
        now_ms = sync.next_at_ms().expect("goes on trying");
        attempts += 1;
    }
    assert!(
        (5..200).contains(&attempts),
        "{attempts} attempts in an hour"
    );
    let hub = HubProcess::start(&data, &address);
    drain(&mut ledger, &enrolment);
    assert_eq!(plays_on_hub(&data), plays.len() as u64);
    drop(hub);
}
