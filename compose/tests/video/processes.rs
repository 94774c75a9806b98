//! What this process has started and holds open.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::PATIENCE;

/// Process ids of the children of this process, or of another, that are called `name`.
pub(crate) fn children(parent: u32, name: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let Some((head, tail)) = stat.rsplit_once(')') else {
            continue;
        };
        let is_child = tail.split_whitespace().nth(1) == Some(&parent.to_string());
        if is_child && head.ends_with(&format!("({name}")) {
            found.push(id);
        }
    }
    found
}

pub(crate) fn our_children() -> Vec<u32> {
    ["ffmpeg", "ffprobe", "sleep", "sh", "setpriv", "prlimit"]
        .iter()
        .flat_map(|name| children(std::process::id(), name))
        .collect()
}

pub(crate) fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

pub(crate) fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

pub(crate) fn signal(id: u32, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &id.to_string()])
        .status();
    assert!(status.unwrap().success());
}

pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}
