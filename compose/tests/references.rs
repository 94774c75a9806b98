//! The page of docs/reference that is about creatives.

use passerby_compose::creative::reference;
use passerby_testing::references;

#[test]
fn creatives_and_their_keys_are_told_as_they_are_read() {
    let page = reference::page().expect("every key is described");
    let root = passerby_testing::package_folder().join("..");
    references::hold(&root, "creatives.md", &page);
}
