//! However many screens, campaigns and people there are, no page and no answer is large.

#[path = "../../../benches/load/fleet.rs"]
mod fleet;

use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::store::{ChosenScreens, NewDraft};
use passerby_hub::system::clock;
use passerby_testing::postgres::PostgresServer;

use self::fleet::Fleet;
use crate::console::{Visitor, token};
use crate::stand::Stand;

/// As large as a page may be, in bytes.
const BYTES_MAX: usize = 100_000;

#[test]
fn every_page_of_a_large_fleet_is_small() {
    let stand = Stand::start();
    let mut owner = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    stand.publish(&stand.campaign("model", fleet::CAMPAIGN, &[[90, 90, 90]]));
    let draft = NewDraft {
        text: fleet::CAMPAIGN.to_owned(),
        files: Vec::new(),
        group: String::new(),
        targets: ChosenScreens::default(),
    };
    let name = "model-draft".parse().unwrap();
    let store = stand.hub().store;
    store
        .make_draft(&Actor::COMMAND_LINE, &name, &draft, clock::now_ms())
        .unwrap();
    stand.json(&["source", "add", "--hook", "model-source"]);
    let days = ["--from", "2027-01-01", "--until", "2027-01-31"];
    stand.json(&[&["slot", "open", "model-slot"], &days[..]].concat());
    let fleet = Fleet {
        screens: 2_000,
        campaigns: 600,
        plays: 20_000,
        scans: 2_000,
    };
    let statements = fleet.statements(stand.database_address().is_some());
    match stand.database_address() {
        Some(address) => {
            PostgresServer::shared().run(address, &statements.join(";\n"));
            PostgresServer::shared().run(address, "ANALYZE");
        }
        None => {
            let file = rusqlite::Connection::open(stand.data().join("hub.db")).unwrap();
            file.execute_batch(&format!("BEGIN; {}; COMMIT", statements.join(";\n")))
                .unwrap();
        }
    }
    assert_eq!(store.recount().unwrap(), []);
    let (mut tried, mut large) = (0, Vec::new());
    for address in fleet::addresses() {
        if address.is_file {
            continue;
        }
        let answer = if address.path.starts_with("/api/") {
            let request = stand.client.get(stand.address(&address.path));
            request.bearer_auth(&bearer).send().unwrap()
        } else {
            owner.get(&address.path)
        };
        let status = answer.status().as_u16();
        assert!(status < 500 && status != 403, "{}: {status}", address.path);
        let bytes = answer.bytes().unwrap().len();
        if bytes >= BYTES_MAX {
            large.push((address.path, bytes));
        }
        tried += 1;
    }
    assert!(large.is_empty(), "{large:#?}");
    assert!(tried > 150, "{tried}");
}
