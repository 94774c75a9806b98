//! kill -9 of the real terminal while it renders, with the hub going up and down.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use passerby_playout::hub_link::HubClient;
use passerby_playout::hub_link::send_state::{LedgerAction, SendState, SentRows};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_protocol::plays::PlayBatch;

use crate::parts::{HubProcess, LOOK, PATIENCE, Terminal, hub, picture};

/// Sends all that waits in a ledger to its hub, which must be there.
fn drain(data_dir: &Path) {
    let enrolment = Enrolment::load(data_dir)
        .expect("readable")
        .expect("enrolled");
    let mut ledger = Ledger::open(data_dir).expect("opens").0;
    let client = HubClient::new(&enrolment.hub, Some(enrolment.credentials.bearer.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut sync = SendState::default();
    while ledger.waiting() > 0 {
        let (rows, anchors) = ledger.waiting_plays(sync.rows()).expect("reads");
        let batch = PlayBatch::pack(ledger.epoch(), &rows, anchors);
        let answer = runtime.block_on(client.plays(enrolment.credentials.screen, &batch));
        match sync.answered(0, SentRows::of(&batch), &answer, 1) {
            LedgerAction::AckThrough(seq) => ledger.acknowledge(seq).expect("writes"),
            other => panic!("{answer:?}: {other:?}"),
        };
    }
}

#[test]
fn a_terminal_that_is_killed_while_it_renders_loses_no_committed_play() {
    let rounds: u64 = std::env::var("PASSERBY_KILL_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(4);
    let folder = tempfile::tempdir().expect("folder");
    picture(
        &folder.path().join("window/a.png"),
        [[10, 90, 90], [240, 240, 200]],
    );
    picture(
        &folder.path().join("window/b.png"),
        [[90, 10, 90], [200, 240, 240]],
    );
    std::fs::write(
        folder.path().join("window/campaign.toml"),
        "title = 'x'\ntarget = 'https://x.example/'\n[[placement]]\ncreative = 'a.png'\nseconds = 2\n[[placement]]\ncreative = 'b.png'\nseconds = 2\n",
    )
    .expect("writes");
    let data = folder.path().join("hub");
    let mut hub_process = Some(HubProcess::start(&data, "127.0.0.1:0"));
    let (address, url) = hub_process
        .as_ref()
        .map(|hub| (hub.address.clone(), hub.url()))
        .expect("just started");
    hub(
        &data,
        &[
            "publish",
            folder.path().join("window").to_str().expect("text"),
        ],
    );
    let screen = Terminal::with_settings(folder.path(), &format!("[hub]\nurl = '{url}'\n"));
    screen.enrol(&data, &url);

    let mut committed = 0;
    for round in 0..rounds {
        // Up for two rounds, down for one.
        match round % 3 {
            1 => hub_process = None,
            _ if hub_process.is_none() => hub_process = Some(HubProcess::start(&data, &address)),
            _ => {}
        }
        let mut child = screen
            .run()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let deadline = Instant::now() + PATIENCE;
        while screen.plays_so_far().len() <= committed {
            assert!(
                Instant::now() < deadline,
                "round {round}: nothing is played"
            );
            std::thread::sleep(LOOK);
        }
        // The moment of the kill is the test's input, not a wait for something.
        std::thread::sleep(Duration::from_millis(round * 977 % 2_500));
        child.kill().expect("SIGKILL");
        child.wait().expect("reaped");
        let plays = screen.plays();
        assert!(
            plays.len() >= committed,
            "round {round}: {} plays after {committed}",
            plays.len()
        );
        committed = plays.len();
    }
    drop(hub_process.take());
    let _hub = HubProcess::start(&data, &address);
    drain(&folder.path().join("terminal"));
    let plays = screen.plays();
    assert_eq!(plays.len(), committed, "no committed play was lost");
    assert!(committed > 0, "something was played");
    let numbers: BTreeSet<u64> = plays
        .iter()
        .filter_map(|play| play["play"].as_u64())
        .collect();
    assert_eq!(numbers.len(), plays.len(), "no play number was used twice");
    assert_eq!(
        hub(&data, &["report"])["plays"]["total"],
        committed,
        "the hub has every play of the ledger, once"
    );
    println!("{rounds} kills of a rendering terminal, {committed} plays, all on the hub once");
}
