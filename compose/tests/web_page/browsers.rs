//! The browsers of a process: what runs, and what lies in its folders.

use std::fs;
use std::path::PathBuf;

use crate::await_that;

pub(crate) fn folders() -> Vec<PathBuf> {
    folders_of(std::process::id())
}

/// What belongs to a process's browsers.
pub(crate) fn folders_of(maker: u32) -> Vec<PathBuf> {
    let prefix = format!("passerby-page-{maker}-");
    fs::read_dir(std::env::temp_dir())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect()
}

pub(crate) fn processes() -> Vec<(u32, u32)> {
    processes_of(std::process::id())
}

/// Process number and parent of a process's browsers, of whatever they started, and of its zombies.
pub(crate) fn processes_of(own: u32) -> Vec<(u32, u32)> {
    let mark = format!("passerby-page-{own}-");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let zombie = fields.next() == Some("Z");
        let parent = fields
            .next()
            .and_then(|parent| parent.parse().ok())
            .unwrap_or(0);
        let marked = String::from_utf8_lossy(&line).contains(&mark);
        if pid != own && (marked && !zombie || zombie && parent == own) {
            found.push((pid, parent));
        }
    }
    found
}

pub(crate) fn await_nothing_left() {
    await_that("all browsers and their folders are gone", || {
        processes().is_empty() && folders().is_empty()
    });
}
