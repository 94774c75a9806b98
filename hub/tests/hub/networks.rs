//! Visitors by their networks: phones that change their address, and proxies that say it in their
//! own way.

use crate::stand::{PHONE, ROBOT, Stand, location};

#[test]
fn phone_that_changes_its_ipv6_address_scans_once_and_its_neighbour_as_well() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = "title = \"Café\"\ntarget = \"https://cafe.example/tonight\"\n";
    stand.publish(&stand.campaign("cafe", toml, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let path = terminal.scan_path(assignment, 5);
    let open = |from: &str, agent: &str| {
        let request = stand.client.get(stand.address(&path));
        let request = request.header("user-agent", agent);
        location(&request.header("x-forwarded-for", from).send().unwrap());
        stand.report()["scans"]["total"].as_u64().unwrap()
    };
    assert_eq!(open("2001:db8:1:2:aaaa::1", PHONE), 1);
    assert_eq!(open("2001:db8:1:2:bbbb::2", PHONE), 1);
    assert_eq!(open("[2001:db8:1:2:cccc::3]:51234", PHONE), 1);
    assert_eq!(open("2001:db8:1:3:aaaa::1", PHONE), 2);
    assert_eq!(open("192.0.2.1", PHONE), 3);
    assert_eq!(open("::ffff:192.0.2.1", PHONE), 3);
    assert_eq!(open("192.0.2.2", PHONE), 4);
    assert_eq!(open("192.0.2.3", ROBOT), 4);
}
