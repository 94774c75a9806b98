//! The pages of docs/reference that are about what this package reads.

use passerby_playout::settings::reference;
use passerby_testing::references;

#[test]
fn the_keys_of_kiosk_toml_are_told_as_they_are_read() {
    let page = reference::page().expect("every key is described");
    let root = passerby_testing::package_folder().join("..");
    references::hold(&root, "kiosk-toml.md", &page);
}
