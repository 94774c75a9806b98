//! A screen that was taken out of service goes to what is its own, at once and for good, and can
//! come back.

use std::path::Path;

use passerby_playout::hub_link::{HubClient, HubError};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_protocol::wire::Heartbeat;

use crate::parts::{
    HubProcess, TerminalProcess, drain, enrol, hub, plays_on_hub, publish, renew, runtime,
    wait_until,
};
use crate::stand::Terminal;

/// The campaigns of all plays of a ledger, in order.
fn campaigns(terminal: &Path) -> Vec<String> {
    // Until the terminal has made one there is none.
    let Ok(ledger) = Ledger::open_to_read(terminal) else {
        return Vec::new();
    };
    let plays = ledger.plays_since(None).expect("reads");
    let names = plays.into_iter().map(|play| play.play.content.campaign);
    names.collect()
}

fn status_of(enrolment: &Enrolment) -> Result<(), u16> {
    let client = HubClient::new(&enrolment.hub, Some(enrolment.credentials.bearer.clone()));
    match runtime().block_on(client.heartbeat(enrolment.credentials.screen, &Heartbeat::default()))
    {
        Ok(_) => Ok(()),
        Err(HubError::Status { status, .. }) => Err(status),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_revoked_screen_airs_its_own_content_alone_also_after_kill_9_and_loses_no_play() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let address = process.address.clone();
    publish(folder.path(), &data);
    let (terminal, enrolment) = enrol(folder.path(), &data, &process.url());
    let screen = enrolment.credentials.screen.to_string();
    let own = folder.path().join("own/shop");
    std::fs::create_dir_all(&own).expect("folder");
    std::fs::copy(folder.path().join("cafe/a.png"), own.join("a.png")).expect("a picture");
    let settings = folder.path().join("kiosk.toml");
    let text = format!(
        "[hub]\nurl = '{}'\n[data]\ndir = 'terminal'\n[content]\nfolders = ['own']\n",
        process.url()
    );
    std::fs::write(&settings, text).expect("writes");

    let running = TerminalProcess::start(&settings, 20);
    let has = |name: &str| campaigns(&terminal).iter().any(|known| known == name);
    wait_until("both campaigns air", || has("cafe") && has("shop"));
    let revoked = hub(&data, &["screen", "revoke", &screen]);
    assert_eq!(revoked["retired"], serde_json::json!([]));
    wait_until("the manifest is gone", || {
        !terminal.join("manifest.json").exists()
    });
    let last_of_hub = || campaigns(&terminal).iter().rposition(|name| name == "cafe");
    let shown = campaigns(&terminal).len();
    wait_until("its own content airs on", || {
        campaigns(&terminal).len() > shown + 20
    });
    let last = last_of_hub().expect("it aired before");
    assert!(
        last < shown + 2,
        "nothing of the hub's airs any more: {last} of {shown}"
    );
    running.kill();

    drop(process);
    let before = campaigns(&terminal);
    let running = TerminalProcess::start(&settings, 20);
    wait_until("it airs offline", || {
        campaigns(&terminal).len() > before.len() + 20
    });
    let after = campaigns(&terminal);
    assert_eq!(after[..before.len()], before, "what was counted stays");
    assert!(
        after[before.len()..].iter().all(|name| name == "shop"),
        "the kept manifest does not come back: {after:?}"
    );

    let process = HubProcess::start(&data, &address);
    assert_eq!(status_of(&enrolment), Err(410));
    assert_eq!(hub(&data, &["screen", "list"])[0]["revoked"], true);
    let asks_nothing_more = plays_on_hub(&data);

    // The terminal goes on running while somebody enrols it anew beside it.
    let renewed = renew(&data, &screen, &process.url(), &terminal);
    assert_eq!(renewed.credentials.screen, enrolment.credentials.screen);
    let offline = campaigns(&terminal).len();
    wait_until("the hub's content is back", || {
        campaigns(&terminal)[offline..]
            .iter()
            .any(|name| name == "cafe")
    });
    running.kill();
    assert_eq!(status_of(&renewed), Ok(()));
    assert_eq!(status_of(&enrolment), Err(401));
    let mut ledger = Ledger::open(&terminal).expect("opens").0;
    drain(&mut ledger, &renewed);
    assert_eq!(
        plays_on_hub(&data),
        ledger.last_seq(),
        "none lost, none twice"
    );
    assert!(plays_on_hub(&data) > asks_nothing_more);
}

#[test]
fn what_is_on_the_glass_goes_at_once_however_long_it_was_to_stay() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    publish(folder.path(), &data);
    let campaign = folder.path().join("cafe");
    let toml = "title = 'Café'\ntarget = 'https://cafe.example/'\n[[placement]]\ncreative = 'a.png'\nseconds = 3600\n";
    std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
    hub(&data, &["publish", campaign.to_str().expect("text")]);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &process.url());
    let terminal = Terminal::start(&data_dir, &enrolment);
    let on_air = |name: &'static str| {
        move |status: &passerby_playout::messages::player_requests::Status| {
            let on_air = status.on_air.as_ref();
            on_air.is_some_and(|on_air| on_air.campaign == name)
        }
    };
    terminal.wait_for("an hour of the café", on_air("cafe"));
    let screen = enrolment.credentials.screen.to_string();
    let revoked = hub(&data, &["screen", "revoke", &screen, "--retire"]);
    assert_eq!(revoked["retired"], serde_json::json!([0]));
    terminal.wait_for("the house creative", on_air(""));
    let status = terminal.status();
    assert_eq!(status.manifest_version, 0);
    assert!(
        status
            .problems
            .iter()
            .any(|problem| problem.contains("enrol it again")),
        "{status:?}"
    );
    terminal.stop();
    let ledger = Ledger::open_to_read(&data_dir).expect("reads");
    assert_eq!(
        ledger.last_seq(),
        1,
        "the play that was cut short is counted as far as it came"
    );
}
