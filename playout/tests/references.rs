//! The pages of docs/reference that are about what this package reads.

#[test]
fn the_keys_of_kiosk_toml_are_told_as_they_are_read() {
    let page = passerby_playout::settings::reference::page().expect("every key is described");
    let root = passerby_testing::package_folder().join("..");
    passerby_testing::references::hold(&root, "kiosk-toml.md", &page);
}
