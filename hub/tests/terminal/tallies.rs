//! How often plays were scanned comes back to the terminal and stays there.

use passerby_playout::hub_link::kept_tallies;
use passerby_playout::schedule::live_context::LiveContext;
use passerby_playout::system::clock::Moment;

use crate::parts::{HubProcess, blind_terminal, enrol, publish, settings};

#[test]
fn a_terminal_asks_its_hub_for_counts_of_scans_and_keeps_them() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let hub = HubProcess::start(&data, "127.0.0.1:0");
    publish(folder.path(), &data);
    let (terminal, enrolment) = enrol(folder.path(), &data, &hub.url());
    let settings = settings(folder.path(), &hub.url());
    let status = blind_terminal(&settings, 50)
        .arg("4")
        .status()
        .expect("runs");
    assert!(status.success());
    let screen = enrolment.credentials.screen;
    let kept = kept_tallies(&terminal, screen).expect("counts are kept");
    let context = LiveContext::default();
    context.learn_scans(&kept).expect("they are whole");
    let now = Moment {
        boot: "a".into(),
        boot_ms: 0,
        wall_ms: None,
    };
    assert_eq!(context.facts(&now).scans.version(), 1);
    let another = passerby_protocol::ScreenNumber::new(screen.get() + 1).expect("in range");
    assert!(kept_tallies(&terminal, another).is_none());
}
