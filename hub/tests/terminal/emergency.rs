//! An emergency of the hub's on a real terminal: there within seconds, through a restart without
//! the hub, and gone when it ends.

use passerby_hub::Hub;
use passerby_hub::people::{Actor, Scope};
use passerby_hub::store::{BegunEmergency, EmergencyBegin, EmergencyTargets};
use passerby_hub::system::clock;
use passerby_playout::messages::player_requests::Status;
use passerby_protocol::manifest::ManifestNotice;

use crate::parts::{HubProcess, enrol, publish, wait_until};
use crate::stand::Terminal;

#[test]
fn a_message_covers_the_screen_through_a_restart_without_the_hub_and_leaves_when_it_ends() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let address = process.address.clone();
    publish(folder.path(), &data);
    let (terminal, enrolment) = enrol(folder.path(), &data, &process.url());
    let running = Terminal::start(&terminal, &enrolment);
    running.next(2);
    let store = Hub::open(&data).expect("opens").store;
    let everywhere = EmergencyTargets {
        everywhere: true,
        ..EmergencyTargets::default()
    };
    let notice = ManifestNotice::new("Leave the building", "Use the stairs.").expect("a message");
    let actor = Actor::COMMAND_LINE;
    let now_ms = clock::now_ms();
    let begun = store.begin_emergency(&actor, &notice, &everywhere, None, now_ms);
    let EmergencyBegin::Begun(BegunEmergency {
        emergency, screens, ..
    }) = begun.expect("begins")
    else {
        panic!("there is a screen");
    };
    assert_eq!(screens, 1);
    let is_covered = |headline: Option<&str>| {
        let headline = headline.map(str::to_owned);
        move |status: &Status| status.emergency == headline
    };
    running.wait_for("it is covered", is_covered(Some("Leave the building")));
    wait_until("the hub hears of it", || {
        store.airing_emergencies(&Scope::ALL).expect("reads")[0].reached == 1
    });
    running.stop();
    drop(process);
    let running = Terminal::start(&terminal, &enrolment);
    running.wait_for(
        "it is covered again",
        is_covered(Some("Leave the building")),
    );
    let _process = HubProcess::start(&data, &address);
    store
        .end_emergency(&actor, emergency, clock::now_ms())
        .expect("ends");
    running.wait_for("it is gone", is_covered(None));
    running.next(2);
    running.stop();
}
