//! Folders to begin with, as `passerby-hub new` makes them: a screen takes them as they are.

use std::process::Command;

use serde_json::Value;

use crate::parts::{finish, hub_program, terminal, text};

#[test]
fn a_new_folder_of_each_kind_passes_check_without_a_word_filled_in() {
    let within = tempfile::tempdir().expect("a folder");
    let mut check = terminal();
    check.args(["check", "--json"]).current_dir(within.path());
    for language in ["en", "zh"] {
        for kind in ["event", "fans", "combined", "menu", "offer", "notice"] {
            let name = format!("{kind}-{language}");
            let mut new = Command::new(hub_program());
            new.args(["new", kind, &name, "--language", language, "--in"]);
            let made = finish(new.arg(within.path()));
            assert!(made.status.success(), "{}", text(&made.stderr));
            check.arg(&name);
        }
    }
    let output = finish(&mut check);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let problems: Vec<Value> = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|told| told["severity"] == "problem")
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
}
