//! A hub whose store of creatives is away.

use passerby_testing::s3::{BUCKET, S3Server};

use crate::parts::{HubProcess, campaign, enrol_in, hub_in, wait_until};
use crate::stand::Terminal;

#[test]
fn a_screen_plays_on_while_its_hubs_store_is_away_and_has_what_is_new_once_it_is_back() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let mut server = S3Server::start();
    let mut variables = server.variables();
    let address = format!("s3://{BUCKET}/hub");
    variables.push(("PASSERBY_HUB_BLOBS".to_owned(), address));
    let hub = HubProcess::start_in(&data, "127.0.0.1:0", &variables);
    let publish = |name: &str, greys: [u8; 2]| {
        let campaign = campaign(folder.path(), name, greys);
        let campaign = campaign.to_str().expect("text");
        hub_in(&data, &variables, &["publish", campaign]);
    };
    let (data_dir, enrolment) = enrol_in(folder.path(), &data, &variables, &hub.url());
    publish("cafe", [60, 200]);
    let terminal = Terminal::start(&data_dir, &enrolment);
    terminal.show_until("the first campaign", |shown| shown.campaign == "cafe");
    terminal.stop();

    // It learns of the second campaign, and cannot fetch it.
    publish("bar", [90, 150]);
    server.kill();
    let terminal = Terminal::start(&data_dir, &enrolment);
    wait_until("somebody was refused a file", || {
        hub.said("a creative cannot be read")
    });
    let meanwhile = terminal.next(20);
    assert!(
        meanwhile.iter().all(|shown| shown.campaign == "cafe"),
        "{meanwhile:?}"
    );

    server.start_again();
    terminal.show_until("the second campaign", |shown| shown.campaign == "bar");
    terminal.stop();
}
