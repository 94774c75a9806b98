//! Data folders that have their database in them.

use crate::stand::Stand;

#[test]
fn a_data_folder_with_a_database_takes_no_other() {
    let stand = Stand::start();
    let listed = stand.command(&[
        "screen",
        "list",
        "--database",
        "postgres://nobody.example/hub",
    ]);
    assert_eq!(listed.status.code(), Some(3));
    let said = String::from_utf8(listed.stderr).unwrap();
    assert!(said.contains("hub.db"), "{said}");
}
