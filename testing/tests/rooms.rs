//! The rooms of the code: no two files lead into each other, no two folders, and there is one way
//! to import.
//!
//! A file leads to the file that defines what it names; a `mod.rs` is a file like others. So what a
//! `mod.rs` and its children share stands in a file of its own, and a child that adds methods to a
//! type of its `mod.rs` leads there while `mod.rs` only calls the methods. What a `mod.rs` passes
//! on with `use` counts for the file behind it, and passing on is no way back. Of folders,
//! neighbours are compared at every level, each with all that stands in it.
//!
//! Tests are not looked at: a module's tests know the module, and it declares them; that circle is
//! as it should be.

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
    without_visibilities(&code.join("\n"))
}

/// Who may see something is no arrow: `pub(in crate::…)` names a room that the file is in.
fn without_visibilities(code: &str) -> String {
    let mut parts = code.split("pub(in ");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str("pub");
        kept.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    kept
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

/// The names that a module's `use` lines bring into it, each with the path behind it.
fn imports(text: &str) -> BTreeMap<String, Module> {
    let mut imports = BTreeMap::new();
    for (at, _) in text.match_indices("use crate::") {
        let is_word = text[..at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        let end = text[at..].find(';').map_or(text.len(), |end| at + end);
        if is_word {
            continue;
        }
        for path in named_paths(&text[at..end]) {
            if let Some(last) = path.last().filter(|last| *last != "self") {
                imports.insert(last.clone(), path);
            }
        }
    }
    imports
}

/// A text without the `use` lines that only pass something on.
fn without_passing_on(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("pub") {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let line = from.trim_start_matches("pub");
        let line = match line.strip_prefix('(') {
            Some(inner) => inner.split_once(')').map_or(line, |(_, behind)| behind),
            None => line,
        };
        let is_word = before
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        rest = if line.starts_with(" use ") && !is_word {
            from.find(';').map_or("", |end| &from[end..])
        } else {
            kept.push_str("pub");
            &from["pub".len()..]
        };
    }
    kept.push_str(rest);
    kept
}

/// The file that defines what a path names.
fn file_of(modules: &BTreeMap<Module, String>, path: &[String]) -> Module {
    let mut path = path.to_vec();
    // No name is passed on more often.
    for _ in 0..8 {
        let depth = (0..=path.len())
            .rev()
            .find(|&depth| modules.contains_key(&path[..depth]))
            .unwrap_or(0);
        let module = path[..depth].to_vec();
        let Some(name) = path.get(depth) else {
            return module;
        };
        let passed_on = modules.get(&module).map(|text| imports(text));
        match passed_on.and_then(|mut imports| imports.remove(name)) {
            Some(behind) => path = [&behind[..], &path[depth + 1..]].concat(),
            None => return module,
        }
    }
    path
}

/// What a module calls its children by, without `crate::`: `child::name`.
fn paths_to_children(
    modules: &BTreeMap<Module, String>,
    module: &[String],
    text: &str,
) -> Vec<Module> {
    let mut paths = Vec::new();
    let children = modules
        .keys()
        .filter(|other| other.len() == module.len() + 1 && other[..module.len()] == *module);
    for child in children {
        let name = format!("{}::", child[module.len()]);
        for (at, _) in text.match_indices(&name) {
            let before = text[..at].chars().next_back();
            let is_path =
                before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '.'));
            if !is_path {
                let mut named = Vec::new();
                follow(&text[at..], &mut module.to_vec(), &mut named);
                paths.append(&mut named);
            }
        }
    }
    paths
}

/// Which files each file leads to.
fn files(modules: &BTreeMap<Module, String>) -> BTreeMap<String, BTreeSet<String>> {
    let name = |module: &[String]| match module {
        [] => "the root".to_owned(),
        module => module.join("::"),
    };
    let mut arrows = BTreeMap::new();
    for (module, text) in modules {
        let text = without_passing_on(text);
        let mut paths = named_paths(&text);
        paths.append(&mut paths_to_children(modules, module, &text));
        let to = paths.iter().map(|path| file_of(modules, path));
        let to: BTreeSet<String> = to.filter(|to| to != module).map(|to| name(&to)).collect();
        arrows.insert(name(module), to);
    }
    arrows
}

#[test]
fn no_two_files_lead_into_each_other() {
    let (mut circles, mut compared) = (Vec::new(), 0);
    for package in PACKAGES {
        let modules = modules(package);
        let mut arrows = files(&modules);
        compared += arrows.len();
        while let Some(way) = arrows.keys().find_map(|from| circle(&arrows, from)) {
            for file in &way {
                arrows.remove(file);
            }
            circles.push(format!("{package}: {}", way.join(" → ")));
        }
    }
    assert!(compared > 400, "only {compared} files were compared");
    assert!(circles.is_empty(), "{}", circles.join("\n"));
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
fn who_may_see_something_is_no_arrow() {
    let code = "pub(in crate::server) struct Kept(pub(in crate::server) crate::other::Thing);";
    let paths = named_paths(&without_tests_and_comments(code));
    assert_eq!(paths, [["other", "Thing"]]);
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

#[test]
fn a_circle_of_a_folder_and_its_file_is_found_and_what_is_passed_on_is_none() {
    let module = |path: &str| -> Module { path.split("::").map(str::to_owned).collect() };
    let circle_of = |file: &str, folder: &str, child: &str| {
        let modules = BTreeMap::from([
            (module("folder"), folder.to_owned()),
            (module("folder::child"), child.to_owned()),
            (module("folder::shared"), String::new()),
            (module("other"), file.to_owned()),
        ]);
        let arrows = files(&modules);
        arrows.keys().find_map(|from| circle(&arrows, from))
    };
    let shared = "use crate::folder::Shared;";
    let own = "use crate::folder::child::Child; struct Shared;";
    let found = circle_of("", own, shared).expect("a circle");
    assert_eq!(found, ["folder", "folder::child", "folder"]);
    let by_its_name = "mod child; struct Shared; fn f() { child::g() }";
    assert!(circle_of("", by_its_name, shared).is_some());
    let passed_on =
        "pub use crate::folder::{child::Child, shared::Shared}; fn f() { x.child::<u8>() }";
    assert_eq!(circle_of("", passed_on, shared), None);
    let apart = "use crate::folder::{child::Child, shared::Shared};";
    assert_eq!(circle_of("", apart, shared), None);
    let through = "use crate::folder::child::Child;";
    assert!(circle_of(through, passed_on, "use crate::other::f;").is_some());
}
