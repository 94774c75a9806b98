//! Documents say what is so: links lead somewhere, paths and functions that are named are there,
//! the short ones are short, and lines and comments are narrow.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Documents that are read at a sitting, and their largest size in bytes.
const SHORT: [(&str, usize); 3] = [
    ("README.md", 6_000),
    ("README.zh-CN.md", 6_000),
    ("ARCHITECTURE.md", 12_000),
];
/// Documents that lead a stranger through the code. As in those of `docs`, each path, function and
/// test that they name is there.
const MAPS: [&str; 2] = ["ARCHITECTURE.md", "CONTRIBUTING.md"];
/// Two files fit beside each other on a screen. A table that does not fit is a list.
const COMMENT_COLUMNS_MAX: usize = 100;
/// The same of documents.
const DOCUMENT_COLUMNS_MAX: usize = 120;
/// Words in a test's name, at least; keys and fields have fewer.
const TEST_WORDS_MIN: usize = 5;
/// Folders that hold no documents of ours.
const NOT_OURS: [&str; 3] = [".git", "target", "node_modules"];

fn root() -> PathBuf {
    passerby_testing::package_folder().join("..")
}

/// Paths below the root of all files with this ending.
fn files(ending: &str) -> Vec<PathBuf> {
    let (root, mut found) = (root(), Vec::new());
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name");
            let path = folder.join(&name);
            if entry.file_type().expect("a type").is_dir() {
                if !NOT_OURS.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text of a document without its blocks of code, and the inline code in it.
fn prose_and_code(text: &str) -> (String, Vec<String>) {
    let (mut prose, mut in_block) = (String::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    let pieces: Vec<&str> = prose.split('`').collect();
    let code = pieces.iter().skip(1).step_by(2);
    let code = code.map(|piece| (*piece).to_owned()).collect();
    let text: Vec<&str> = pieces.into_iter().step_by(2).collect();
    (text.join(" "), code)
}

/// Where the links of some prose lead.
fn links(prose: &str) -> Vec<&str> {
    let ends = prose.match_indices("](").map(|(at, _)| &prose[at + 2..]);
    ends.filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link)
        .collect()
}

/// The anchors of a document's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

/// A path without `..` in it.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[test]
fn every_link_leads_to_something_of_this_repository() {
    let (root, mut wrong, mut seen) = (root(), Vec::new(), 0);
    for document in files(".md") {
        let text = fs::read_to_string(root.join(&document)).expect("text");
        let (prose, _) = prose_and_code(&text);
        for link in links(&prose) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                document.clone()
            } else {
                normal(&document.parent().unwrap_or(Path::new("")).join(file))
            };
            let name = document.display();
            if !root.join(&target).exists() {
                wrong.push(format!("{name}: there is no {}", target.display()));
            } else if !anchor.is_empty() {
                let other = fs::read_to_string(root.join(&target)).expect("text");
                if !anchors(&other).contains(anchor) {
                    wrong.push(format!("{name}: {link} has no such heading"));
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} links found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The sources of this repository, to look up what documents name.
struct Sources {
    paths: Vec<PathBuf>,
    code: String,
    /// Folders of the root with something of ours.
    folders: BTreeSet<String>,
}

impl Sources {
    fn read() -> Self {
        let paths = files(".rs");
        let code = paths
            .iter()
            .map(|path| fs::read_to_string(root().join(path)).expect("text"))
            .collect();
        let others = files(".md")
            .into_iter()
            .chain([PathBuf::from("scripts/test")]);
        let folders = paths
            .iter()
            .cloned()
            .chain(others)
            .filter(|path| path.components().count() > 1)
            .filter_map(|path| Some(path.components().next()?.as_os_str().to_str()?.to_owned()))
            .collect();
        Self {
            paths,
            code,
            folders,
        }
    }

    /// Tells whether what a document names is there; `None` of what names nothing of ours. A map
    /// may name a path as it stands in the folder that its paragraph is about.
    fn has(&self, name: &str, is_map: bool) -> Option<bool> {
        let is_one_word = !name.contains(char::is_whitespace);
        let can_be_path = is_one_word
            && !name.contains([':', '…', '<', '*', '('])
            && !name.starts_with(['/', '~']);
        if let Some((first, _)) = name.split_once('/') {
            if !can_be_path || !(is_map || self.folders.contains(first)) {
                return None;
            }
            let below = format!("/{name}");
            let is_below = |path: &PathBuf| format!("/{}", path.display()).contains(&below);
            return Some(root().join(name).exists() || is_map && self.paths.iter().any(is_below));
        }
        if can_be_path && name.ends_with(".rs") {
            let is_it = |path: &PathBuf| path.file_name().is_some_and(|file| file == name);
            return Some(self.paths.iter().any(is_it));
        }
        match name.rsplit_once("::") {
            Some((module, "*")) => Some(self.code.contains(&format!("mod {module};"))),
            Some((owner, last)) if is_one_word && !name.contains('(') => {
                Some(self.code.contains(owner) && self.defines(last))
            }
            None if is_sentence(name) => Some(self.defines(name)),
            _ => None,
        }
    }

    fn defines(&self, name: &str) -> bool {
        if is_sentence(name) {
            return self.code.contains(&format!("fn {name}("));
        }
        [
            "fn ", "const ", "struct ", "enum ", "mod ", "trait ", "type ", "    ",
        ]
        .iter()
        .any(|kind| self.code.contains(&format!("{kind}{name}")))
    }
}

/// Whether a name is that of a test.
fn is_sentence(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.split('_').count() >= TEST_WORDS_MIN && name.bytes().all(is_plain)
}

#[test]
fn documents_name_only_what_is_there() {
    let (sources, mut wrong, mut seen) = (Sources::read(), Vec::new(), 0);
    for document in files(".md") {
        let is_map = MAPS.iter().any(|map| document == Path::new(map));
        if !is_map && !document.starts_with("docs") {
            continue;
        }
        let text = fs::read_to_string(root().join(&document)).expect("text");
        let (_, named) = prose_and_code(&text);
        for name in named {
            let is_there = sources.has(&name, is_map);
            seen += usize::from(is_there.is_some());
            if is_there == Some(false) {
                wrong.push(format!("{}: there is no {name}", document.display()));
            }
        }
    }
    assert!(seen > 200, "only {seen} names found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_that_is_not_there_is_found() {
    let sources = Sources::read();
    for (name, is_map, is_there) in [
        ("testing/tests/documents.rs", false, Some(true)),
        ("testing/tests/no_such_file.rs", false, Some(false)),
        ("tests/documents.rs", true, Some(true)),
        ("tests/documents.rs", false, Some(false)),
        ("documents.rs", true, Some(true)),
        ("no_such_file.rs", true, Some(false)),
        ("Sources::read", false, Some(true)),
        ("Sources::no_such_thing", false, Some(false)),
        ("a_name_that_is_not_there_is_found", false, Some(true)),
        ("a_name_that_is_not_there", false, Some(false)),
        ("tests::a_name_that_is_not_there_either", false, Some(false)),
        ("nowhere::*", false, Some(false)),
        ("/v1/blobs", false, None),
        ("data/hub", false, None),
        ("scripts/busy 4 scripts/test", true, None),
        ("led_pitch_mm", false, None),
    ] {
        assert_eq!(sources.has(name, is_map), is_there, "{name}");
    }
}

#[test]
fn lines_of_documents_fit_beside_another_file() {
    let mut long = Vec::new();
    for document in files(".md") {
        let text = fs::read_to_string(root().join(&document)).expect("text");
        let mut is_code = false;
        for (index, line) in text.lines().enumerate() {
            let start = line.trim_start();
            is_code ^= start.starts_with("```");
            let is_table = start.starts_with('|') || start.starts_with('#');
            // An entry that is a link and nothing else, as in a table of contents.
            let is_link = start.trim_start_matches(['*', '-', ' ']).starts_with('[');
            let is_link = is_link && start.ends_with(')') && start.matches("](").count() == 1;
            let fits = line.chars().count() <= DOCUMENT_COLUMNS_MAX;
            if !(fits || is_code || is_table || is_link) {
                long.push(format!("{}:{}", document.display(), index + 1));
            }
        }
    }
    assert!(
        long.is_empty(),
        "lines of over {DOCUMENT_COLUMNS_MAX} columns:\n{}",
        long.join("\n")
    );
}

#[test]
fn the_glossary_has_each_word_once_and_names_only_what_is_there() {
    let root = root();
    let code: String = files(".rs")
        .iter()
        .map(|path| fs::read_to_string(root.join(path)).expect("text"))
        .collect();
    let text = fs::read_to_string(root.join("docs/glossary.md")).expect("text");
    let (mut words, mut wrong, mut seen) = (BTreeSet::new(), Vec::new(), 0);
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [word, _, names] = cells[..] else {
            wrong.push(format!("no three cells: {row}"));
            continue;
        };
        if word == "word" {
            continue;
        }
        if !words.insert(word) {
            wrong.push(format!("{word} stands there twice"));
        }
        for name in names.split('`').skip(1).step_by(2) {
            seen += 1;
            let last = name.rsplit("::").next().unwrap_or(name);
            let kinds = ["struct ", "enum ", "trait ", "mod ", "type ", "    "];
            let is_there = kinds
                .iter()
                .any(|kind| code.contains(&format!("{kind}{last}")))
                || name.starts_with("passerby")
                || root.join(name).exists();
            if !is_there {
                wrong.push(format!("there is no {name}"));
            }
        }
    }
    assert!(seen > 50, "only {seen} names found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_book_has_every_page() {
    let root = root();
    let summary = fs::read_to_string(root.join("docs/SUMMARY.md")).expect("text");
    let listed: BTreeSet<&str> = links(&summary).into_iter().collect();
    let missing: Vec<String> = files(".md")
        .iter()
        .filter_map(|path| Some(path.strip_prefix("docs").ok()?.display().to_string()))
        .filter(|name| name != "SUMMARY.md" && !listed.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "docs/SUMMARY.md lacks {missing:?}");
}

#[test]
fn what_is_read_at_a_sitting_is_short() {
    for (name, bytes_max) in SHORT {
        let bytes = fs::read(root().join(name)).expect("text").len();
        assert!(
            bytes < bytes_max,
            "{name} has {bytes} bytes, {bytes_max} at most"
        );
    }
}

#[test]
fn where_something_is_contributing_says_by_functions_that_are_there() {
    let root = root();
    let text = fs::read_to_string(root.join("CONTRIBUTING.md")).expect("text");
    let (_, answers) = text.split_once("## Where is").expect("the questions");
    let words = answers.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<&str> = words.split('`').collect();
    let mut named = 0;
    for place in parts[1..].windows(3).step_by(2) {
        let [name, between, file] = place else {
            continue;
        };
        if between.trim() == "in" {
            let function = name.rsplit("::").next().unwrap_or(name);
            let code = fs::read_to_string(root.join(file)).expect(file);
            assert!(code.contains(&format!("fn {function}")), "{name} in {file}");
            named += 1;
        }
    }
    assert!(named >= 16, "{named}");
}

#[test]
fn comments_fit_beside_another_file() {
    let root = root();
    let mut long = Vec::new();
    for path in files(".rs") {
        let text = fs::read_to_string(root.join(&path)).expect("text");
        for (index, line) in text.lines().enumerate() {
            let comment = line.trim_start();
            if comment.starts_with("//") && line.chars().count() > COMMENT_COLUMNS_MAX {
                long.push(format!("{}:{}", path.display(), index + 1));
            }
        }
    }
    assert!(
        long.is_empty(),
        "comments of over {COMMENT_COLUMNS_MAX} columns:\n{}",
        long.join("\n")
    );
}

#[test]
fn no_document_or_comment_cites_what_is_not_in_this_repository() {
    let root = root();
    // Put together, so that this file does not cite it.
    let elsewhere = [
        ["DESIGN", ".md"].concat(),
        ["LOOK", ".md"].concat(),
        ["STYLE", ".md"].concat(),
    ];
    let mut wrong = Vec::new();
    for ending in [".md", ".rs", ".toml", ".sh"] {
        for path in files(ending) {
            let text = fs::read_to_string(root.join(&path)).expect("text");
            let cited = elsewhere.iter().filter(|name| text.contains(name.as_str()));
            wrong.extend(cited.map(|name| format!("{}: {name}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
