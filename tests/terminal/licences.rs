//! What `deny.toml` allows and forbids, held against what Cargo says of the packages that are
//! needed. cargo-deny looks at more, where it is installed: also at other platforms and at the
//! texts of licences.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dependencies::metadata;

/// Licences of crates that are in `fuzz` alone, which is a workspace of its own.
const OF_FUZZ: [&str; 1] = ["NCSA"];

/// What `deny.toml` says.
struct Rules {
    allowed: BTreeSet<String>,
    banned: BTreeSet<String>,
}

impl Rules {
    fn read() -> Self {
        let path = passerby_testing::package_folder().join("deny.toml");
        let text = std::fs::read_to_string(path).expect("deny.toml");
        let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let lines = |start: &str| {
            let (_, list) = text.split_once(start).expect(start);
            let (list, _) = list.split_once("\n]").expect("its end");
            list.lines().filter_map(quoted).collect::<BTreeSet<_>>()
        };
        Self {
            allowed: lines("\nallow = [\n"),
            banned: lines("\ndeny = [\n"),
        }
    }
}

/// The packages that are not our own.
fn foreign_packages(metadata: &Value) -> Vec<&Value> {
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .filter(|package| !package["source"].is_null())
        .collect()
}

fn licence(package: &Value) -> &str {
    package["license"].as_str().unwrap_or("none")
}

/// The words of a licence expression; a slash is how OR was written before SPDX.
fn words(expression: &str) -> Vec<String> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words: Vec<String> = Vec::new();
    let mut pieces = spaced.split_whitespace();
    while let Some(piece) = pieces.next() {
        match words.last_mut() {
            // A licence with an exception is another licence.
            Some(last) if piece == "WITH" => {
                *last = format!("{last} WITH {}", pieces.next().unwrap_or_default());
            }
            _ => words.push(piece.to_owned()),
        }
    }
    words
}

/// Tells whether an expression is met by these licences: by one side of an OR, both of an AND.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    fn either(words: &mut &[String], allowed: &BTreeSet<String>) -> bool {
        let mut is_met = both(words, allowed);
        while let Some(("OR", rest)) = first(words) {
            *words = rest;
            is_met |= both(words, allowed);
        }
        is_met
    }
    fn both(words: &mut &[String], allowed: &BTreeSet<String>) -> bool {
        let mut is_met = one(words, allowed);
        while let Some(("AND", rest)) = first(words) {
            *words = rest;
            is_met &= one(words, allowed);
        }
        is_met
    }
    fn one(words: &mut &[String], allowed: &BTreeSet<String>) -> bool {
        let Some((word, rest)) = first(words) else {
            return false;
        };
        *words = rest;
        if word != "(" {
            return allowed.contains(word);
        }
        let is_met = either(words, allowed);
        if let Some((")", rest)) = first(words) {
            *words = rest;
        }
        is_met
    }
    fn first<'w>(words: &&'w [String]) -> Option<(&'w str, &'w [String])> {
        let (word, rest) = words.split_first()?;
        Some((word.as_str(), rest))
    }
    let words = words(expression);
    let mut rest = words.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

#[test]
fn every_crate_is_under_a_licence_of_deny_toml() {
    let (rules, metadata) = (Rules::read(), metadata());
    let packages = foreign_packages(&metadata);
    assert!(packages.len() > 200, "only {} crates", packages.len());
    let wrong: Vec<String> = packages
        .iter()
        .filter(|package| !is_met(licence(package), &rules.allowed))
        .map(|package| format!("{}: {}", package["name"], licence(package)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn deny_toml_allows_no_licence_that_no_crate_has() {
    let (rules, metadata) = (Rules::read(), metadata());
    let had: BTreeSet<String> = foreign_packages(&metadata)
        .iter()
        .flat_map(|package| words(licence(package)))
        .collect();
    let idle: Vec<&String> = rules
        .allowed
        .iter()
        .filter(|allowed| !had.contains(*allowed) && !OF_FUZZ.contains(&allowed.as_str()))
        .collect();
    assert!(idle.is_empty(), "no crate is under {idle:?}");
}

#[test]
fn no_crate_is_banned_or_comes_from_elsewhere_or_in_any_version() {
    let (rules, metadata) = (Rules::read(), metadata());
    assert!(!rules.banned.is_empty());
    let mut sources = BTreeSet::new();
    for package in foreign_packages(&metadata) {
        let name = package["name"].as_str().expect("name");
        assert!(!rules.banned.contains(name), "{name} is banned");
        sources.insert(package["source"].as_str().expect("source"));
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(
        sources.iter().all(|from| from.starts_with("registry+")),
        "{sources:?}"
    );
    let packages = metadata["packages"].as_array().expect("packages");
    let own = packages
        .iter()
        .filter(|package| package["source"].is_null());
    for dependency in own.flat_map(|package| package["dependencies"].as_array().expect("a list")) {
        let is_any = dependency["req"] == "*" && dependency["path"].is_null();
        assert!(!is_any, "{} may have any version", dependency["name"]);
    }
}

#[test]
fn expressions_are_read_as_spdx_has_them() {
    let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"];
    let allowed: BTreeSet<String> = allowed.map(str::to_owned).into();
    for (expression, met) in [
        ("MIT", true),
        ("ISC", false),
        ("ISC/MIT", true),
        ("ISC OR MIT", true),
        ("ISC AND MIT", false),
        ("Zlib AND MIT", true),
        ("(ISC OR MIT) AND Zlib", true),
        ("ISC OR MIT AND ISC", false),
        ("(MIT OR ISC) AND ISC", false),
        ("Apache-2.0", false),
        ("Apache-2.0 WITH LLVM-exception OR ISC", true),
        ("none", false),
        ("", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}
