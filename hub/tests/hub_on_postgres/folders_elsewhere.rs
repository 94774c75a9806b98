//! Data folders whose database is on a server.

use crate::stand::{Stand, hub_command};

#[test]
fn a_data_folder_whose_database_is_elsewhere_gets_no_second_one() {
    let stand = Stand::start();
    let listed = hub_command()
        .args(["screen", "list", "--data"])
        .arg(stand.data())
        .output()
        .unwrap();
    assert_eq!(listed.status.code(), Some(3));
    let said = String::from_utf8(listed.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("--database"), "{said}");
    assert!(!stand.data().join("hub.db").exists());
}
