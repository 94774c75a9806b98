//! The rooms of the code: no two modules of one folder lead into each other, and there is one way
//! to import.
//!
//! A folder's own `mod.rs` and what stands in the folder are one thing: only neighbours are
//! compared, at every level.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The packages whose code ships, and the simulation.
const PACKAGES: [&str; 8] = [
    "protocol",
    "folder",
    "listener",
    "playout",
    "compose",
    "hub",
    "simulation",
    ".",
];

/// A module's path in its package.
type Module = Vec<String>;

/// What one package's source says, module by module, without its tests.
fn modules(package: &str) -> BTreeMap<Module, String> {
    let source = passerby_testing::package_folder()
        .join("..")
        .join(package)
        .join("src");
    let (mut found, mut folders) = (BTreeMap::new(), vec![source.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let module = module_of(path.strip_prefix(&source).expect("below"));
                if !module.iter().any(|name| name == "tests") {
                    let text = fs::read_to_string(&path).expect("text");
                    let text = without_tests_and_comments(&text);
                    // lib.rs and main.rs are both the root; what they hold goes together.
                    found
                        .entry(module)
                        .or_insert_with(String::new)
                        .push_str(&text);
                }
            }
        }
    }
    found
}

fn module_of(path: &Path) -> Module {
    let mut module: Module = path
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if matches!(
        module.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        module.pop();
    }
    module
}

fn without_tests_and_comments(text: &str) -> String {
    let end = text.find("mod tests {\n").unwrap_or(text.len());
    let lines = text[..end].lines();
    let code: Vec<&str> = lines
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    code.join("\n")
}

/// The paths behind `crate::` that a text names, each name of a group by itself.
fn named_paths(text: &str) -> Vec<Module> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let is_word = text[..at]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        if !is_word {
            follow(&text[at + "crate::".len()..], &mut Vec::new(), &mut paths);
        }
    }
    paths
}

/// Reads one path, and the groups in it; returns what comes behind.
fn follow<'a>(mut rest: &'a str, before: &mut Module, paths: &mut Vec<Module>) -> &'a str {
    let depth = before.len();
    loop {
        rest = rest.trim_start();
        if let Some(mut group) = rest.strip_prefix('{') {
            loop {
                group = follow(group, before, paths).trim_start();
                match group.strip_prefix(',') {
                    Some(more) if !more.trim_start().starts_with('}') => group = more,
                    _ => break,
                }
            }
            let group = group.trim_start_matches([',', ' ', '\n']);
            before.truncate(depth);
            return group.strip_prefix('}').unwrap_or(group);
        }
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        before.push(rest[..end].to_owned());
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(more) => rest = more,
            None => break,
        }
    }
    paths.push(before.clone());
    before.truncate(depth);
    rest
}

/// Which neighbours each module of a folder leads to.
fn neighbours(
    modules: &BTreeMap<Module, String>,
    folder: &[String],
) -> BTreeMap<String, BTreeSet<String>> {
    let depth = folder.len();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, text) in modules {
        if module.len() <= depth || module[..depth] != *folder {
            continue;
        }
        let from = &module[depth];
        let to = arrows.entry(from.clone()).or_default();
        for path in named_paths(text) {
            if path.len() > depth && path[..depth] == *folder && path[depth] != *from {
                let is_module = modules.contains_key(&path[..=depth]);
                if is_module {
                    to.insert(path[depth].clone());
                }
            }
        }
    }
    arrows
}

/// A way from a module back to itself, if there is one.
fn circle(arrows: &BTreeMap<String, BTreeSet<String>>, from: &str) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<String, String> = BTreeMap::new();
    let mut next = vec![from.to_owned()];
    while let Some(at) = next.pop() {
        for to in arrows.get(&at).into_iter().flatten() {
            if to == from {
                let mut way = vec![from.to_owned(), at.clone()];
                while way.last().is_some_and(|last| last != from) {
                    let before = came_from[way.last().expect("one")].clone();
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(to) {
                came_from.insert(to.clone(), at.clone());
                next.push(to.clone());
            }
        }
    }
    None
}

#[test]
fn no_two_modules_of_a_folder_lead_into_each_other() {
    let (mut circles, mut compared) = (Vec::new(), 0);
    for package in PACKAGES {
        let modules = modules(package);
        let folders: BTreeSet<Module> = modules
            .keys()
            .flat_map(|module| (0..module.len()).map(|end| module[..end].to_vec()))
            .collect();
        for folder in folders {
            let arrows = neighbours(&modules, &folder);
            compared += arrows.len();
            let Some(way) = arrows.keys().find_map(|from| circle(&arrows, from)) else {
                continue;
            };
            let place = PathBuf::from(package).join("src").join(folder.join("/"));
            circles.push(format!("{}: {}", place.display(), way.join(" → ")));
        }
    }
    assert!(compared > 300, "only {compared} modules were compared");
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn imports_begin_with_crate() {
    let mut wrong = Vec::new();
    for package in PACKAGES {
        for (module, text) in modules(package) {
            let lines = text.lines().map(str::trim_start);
            let relative = lines.filter(|line| {
                let path = line.trim_start_matches("pub ").strip_prefix("use ");
                path.is_some_and(|path| path.starts_with("super::") || path.starts_with("self::"))
            });
            wrong.extend(relative.map(|line| format!("{package} {}: {line}", module.join("::"))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_circle_is_found_through_groups_and_over_several_modules() {
    let modules = BTreeMap::from([
        (
            vec!["a".to_owned()],
            "use crate::b::{C, d::{E}};".to_owned(),
        ),
        (vec!["b".to_owned()], String::new()),
        (
            vec!["b".to_owned(), "d".to_owned()],
            "use crate::{c, x::Y};".to_owned(),
        ),
        (vec!["c".to_owned()], "fn f() { crate::a::g() }".to_owned()),
    ]);
    let arrows = neighbours(&modules, &[]);
    let way = circle(&arrows, "a").expect("a circle");
    assert_eq!(way, ["a", "b", "c", "a"]);
    let named = named_paths("use crate::b::{self, d::{E, F}, g};");
    let named: Vec<String> = named.iter().map(|path| path.join("::")).collect();
    assert_eq!(named, ["b::self", "b::d::E", "b::d::F", "b::g"]);
}
