//! The page of docs/reference that is about creatives.

#[test]
fn creatives_and_their_keys_are_told_as_they_are_read() {
    let page = passerby_compose::creative::reference::page().expect("every key is described");
    let root = passerby_testing::package_folder().join("..");
    passerby_testing::references::hold(&root, "creatives.md", &page);
}
