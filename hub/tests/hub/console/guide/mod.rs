//! The pictures of the guide to the console: each page of it, in both languages, of a chain of
//! cafés that is at work; and that the guide has them all.
//!
//! `scripts/screenshots` takes them anew: the hub's clock stands still then, and what is made at
//! random is covered, so that a page that has not changed gives the same picture.

mod chain;
mod pictures;
mod week;

use std::collections::BTreeSet;
use std::path::PathBuf;

use passerby_hub::server;

/// Largest picture, in bytes.
const PICTURE_BYTES_MAX: usize = 64 << 10;
/// All of them.
const ALL_BYTES_MAX: usize = 4 << 20;

/// The folder of guides.
fn guides() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guides"))
}

/// What the pictures of a page are called, by its route.
fn name_of(route: &str) -> String {
    let path = route.strip_prefix("/console").unwrap_or(route);
    let path = path.trim_start_matches('/').replace(['{', '}'], "");
    if path.is_empty() {
        "overview".to_owned()
    } else {
        path.replace('/', "-")
    }
}

/// The routes that are pages for people, of the table of all.
fn routes() -> Vec<String> {
    let is_page = |method: &str, path: &str| {
        let end = path.rsplit('/').next().unwrap_or_default();
        method == "GET" && path.starts_with("/console") && !end.contains('.')
    };
    let rules = server::rules().into_iter();
    let pages = rules.filter(|(method, path, _)| is_page(method, path));
    pages.map(|(_, path, _)| path).collect()
}

#[test]
fn each_page_of_the_console_has_its_pictures_and_a_place_in_the_guide() {
    let mut missing = Vec::new();
    for (language, guide) in [("en", "console.md"), ("zh", "console.zh-CN.md")] {
        let text = std::fs::read_to_string(guides().join(guide)).unwrap();
        for route in routes() {
            let picture = format!("pictures/{}-{language}.webp", name_of(&route));
            if !guides().join(&picture).exists() {
                missing.push(format!("{route} has no {picture}"));
            }
            if !text.contains(&picture) {
                missing.push(format!("{guide} does not show {picture}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{}\nadd the page to hub/tests/hub/console/guide/pictures.rs and to the guide, and run scripts/screenshots",
        missing.join("\n")
    );
}

#[test]
fn the_pictures_of_the_guide_are_small_and_each_is_shown() {
    let texts = ["console.md", "console.zh-CN.md"];
    let texts = texts.map(|guide| std::fs::read_to_string(guides().join(guide)).unwrap());
    let mut all = 0;
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(guides().join("pictures")).unwrap() {
        let file = entry.unwrap();
        let name = file.file_name().into_string().unwrap();
        let bytes = usize::try_from(file.metadata().unwrap().len()).unwrap();
        assert!(bytes <= PICTURE_BYTES_MAX, "{name}: {bytes} bytes");
        all += bytes;
        let address = format!("pictures/{name}");
        assert!(
            texts.iter().any(|text| text.contains(&address)),
            "no guide shows {name}"
        );
        seen.insert(name);
    }
    assert!(all <= ALL_BYTES_MAX, "{all} bytes");
    assert!(seen.len() > 60, "{seen:?}");
}

#[test]
fn pictures_are_called_like_their_pages() {
    for (route, name) in [
        ("/console", "overview"),
        ("/console/screens/{screen}", "screens-screen"),
        ("/console/account/second-step", "account-second-step"),
    ] {
        assert_eq!(name_of(route), name);
    }
}
