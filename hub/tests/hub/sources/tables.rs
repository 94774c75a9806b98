//! Tables: a file of the hub's machine, and CSV from a server.

use super::web_server::{Answer, WebServer};
use super::{of_title, stand_with, titles, wait_for};
use crate::stand::Stand;

#[test]
fn a_row_that_changes_takes_its_own_place_and_a_row_that_goes_leaves_the_screens() {
    let stand = Stand::start();
    let terminal = stand.terminal("window");
    let file = stand.data().parent().unwrap().join("menu.csv");
    let write =
        |rows: &str| std::fs::write(&file, format!("id,title,text,price,link\n{rows}")).unwrap();
    write(
        "1,Soup,\"Pumpkin, fresh\",€6,https://cafe.example/menu\n2,Pie,,€4,https://cafe.example/menu\n",
    );
    stand.json(&["source", "add", "menu", "--file", file.to_str().unwrap()]);
    let manifest = wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 2);
    let soup = of_title(&manifest, "Soup").items[0].clone();
    let pie = of_title(&manifest, "Pie").items[0].clone();

    write(
        "1,Soup,\"Pumpkin, fresh\",€7,https://cafe.example/menu\n2,Pie,,€4,https://cafe.example/menu\n",
    );
    let report = stand.json(&["source", "fetch", "menu"]);
    assert_eq!((&report["changed"], &report["new"]), (&1.into(), &0.into()));
    let manifest = stand.manifest(&terminal);
    assert_ne!(of_title(&manifest, "Soup").items[0].creative, soup.creative);
    assert_eq!(of_title(&manifest, "Pie").items[0], pie, "it is left alone");

    write("2,Pie,,€4,https://cafe.example/menu\n");
    stand.json(&["source", "fetch", "menu"]);
    assert_eq!(titles(&stand.manifest(&terminal)), ["Pie"]);
    write(
        "1,Soup,\"Pumpkin, fresh\",€7,https://cafe.example/menu\n2,Pie,,€4,https://cafe.example/menu\n",
    );
    stand.json(&["source", "fetch", "menu"]);
    let manifest = stand.manifest(&terminal);
    assert_eq!(
        of_title(&manifest, "Soup").id.as_str(),
        "menu:2",
        "its number is its own"
    );

    // A file that is gone, or no table, costs nothing that airs.
    std::fs::remove_file(&file).unwrap();
    assert_eq!(
        stand.command(&["source", "fetch", "menu"]).status.code(),
        Some(2)
    );
    std::fs::write(&file, "no table").unwrap();
    assert_eq!(
        stand.command(&["source", "fetch", "menu"]).status.code(),
        Some(2)
    );
    assert_eq!(stand.manifest(&terminal).campaigns.len(), 2);
    let shown = stand.json(&["source", "show", "menu"]);
    assert!(
        shown["problem"].as_str().unwrap().contains("names neither"),
        "{shown}"
    );
}

#[test]
fn a_table_of_a_server_is_read_as_spreadsheets_write_it() {
    let server = WebServer::start();
    server.say(
        "/menu",
        Answer::ok(include_str!("../../feeds/menu.csv")).with("content-type", "text/csv"),
    );
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    stand.json(&["source", "add", "menu", "--url", &server.url("/menu")]);
    let manifest = wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 2);
    let soup = of_title(&manifest, "南瓜汤");
    assert_eq!(
        soup.campaign.phases[0].until.unwrap().to_string(),
        "2099-12-31"
    );
    assert_eq!(soup.campaign.story.as_deref(), Some("每天现做，\n送面包"));
}
