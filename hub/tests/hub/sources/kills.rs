//! Processes that end in the middle of a fetch, and several that share a database.

use super::web_server::{Answer, WebServer};
use super::{stand_with, states, titles, wait_for};
use crate::stand::png;

const FEED: &str = "<rss><channel><item><title>One</title><link>https://cafe.example/1</link><enclosure url=\"/1.png\" type=\"image/png\"/></item><item><title>Two</title><link>https://cafe.example/2</link></item></channel></rss>";

#[test]
fn a_hub_that_is_killed_over_a_fetch_does_it_again_and_airs_each_item_once() {
    let server = WebServer::start();
    server.say("/feed", Answer::ok(FEED).held());
    server.say("/1.png", Answer::ok(png([90; 3])).held());
    let mut stand = stand_with(&server);
    let terminal = stand.terminal("window");
    stand.json(&["source", "add", "cafe", "--url", &server.url("/feed")]);
    // In the middle of the feed,
    server.wait_asked("/feed", 1);
    stand.kill_and_restart();
    server.say("/feed", Answer::ok(FEED));
    // and in the middle of a picture, when its items are known already.
    server.wait_asked("/1.png", 1);
    stand.kill_and_restart();
    server.let_go();
    let manifest = wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 2);
    assert_eq!(titles(&manifest), ["Two", "One"]);
    assert_eq!(
        manifest.campaigns[1].items[0].parts.len(),
        1,
        "with its picture"
    );
    let shown = stand.json(&["source", "show", "cafe"]);
    assert_eq!(states(&shown), ["airing", "airing"]);
    // What the killed processes left is not among what airs, and nobody needs it.
    let report = stand.json(&["source", "fetch", "cafe", "--source-host", &server.host()]);
    assert_eq!(
        (&report["new"], &report["published"]),
        (&0.into(), &serde_json::json!([]))
    );
}

#[test]
fn a_hub_that_is_told_to_stop_does_not_wait_for_a_server_that_does_not_answer() {
    let server = WebServer::start();
    server.say("/feed", Answer::ok(FEED).held());
    let mut stand = stand_with(&server);
    stand.json(&["source", "add", "cafe", "--url", &server.url("/feed")]);
    server.wait_asked("/feed", 1);
    let begun = std::time::Instant::now();
    stand.stop();
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}
