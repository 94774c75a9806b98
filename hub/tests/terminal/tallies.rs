//! How often plays were scanned comes back to the terminal and stays there.

use std::process::{Command, Stdio};

use passerby_playout::clock::Moment;
use passerby_playout::context::LiveContext;
use passerby_playout::uplink::kept_tallies;

use crate::parts::{HubProcess, enrol, publish};

#[test]
fn a_terminal_asks_its_hub_for_counts_of_scans_and_keeps_them() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let hub = HubProcess::start(&data, "127.0.0.1:0");
    publish(folder.path(), &data);
    let (terminal, enrolment) = enrol(folder.path(), &data, &hub.url());
    let settings = folder.path().join("kiosk.toml");
    let toml = format!("[hub]\nurl = '{}'\n[data]\ndir = 'terminal'\n", hub.url());
    std::fs::write(&settings, toml).expect("writes");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_passerby-hub"))
        .with_file_name("examples")
        .join("blind_terminal");
    let status = Command::new(program)
        .arg(&settings)
        .args(["50", "4"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
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
