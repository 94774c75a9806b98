//! Workers that do everything wrong, played by shell scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use passerby_protocol::Digest;
use passerby_protocol::campaign::Colours;
use passerby_protocol::creative::CreativeKind;
use tempfile::TempDir;

use super::*;

/// Workers that run a script instead of the hub's own program.
fn scripted(folder: &TempDir, script: &str) -> Workers {
    let program = folder.path().join("worker");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Workers::new(program)
}

fn job(name: &str) -> Job {
    Job {
        name: name.to_owned(),
        file: name.to_owned(),
        kind: CreativeKind::Picture,
        digest: Digest::of(b""),
        parts: Vec::new(),
        colours: Colours::default(),
    }
}

/// What is said about `a.png` by workers that run a script.
fn said(script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let workers = scripted(&folder, script);
    let answers = workers.look_at(folder.path(), &[job("a.png")]);
    assert_eq!(answers[0].problems.len(), 1, "{answers:?}");
    answers[0].problems[0].to_string()
}

#[test]
fn a_worker_that_is_killed_talks_nonsense_or_does_not_start_costs_its_file_one_reason() {
    for (script, reason) in [
        (
            "kill -9 $$",
            "a.png: the program that looks at it broke off (signal: 9",
        ),
        (
            "echo oh >&2; exit 101",
            "broke off (exit status: 101; oh); export it anew",
        ),
        (
            "echo nonsense",
            "broke off (exit status: 0; without a word)",
        ),
        ("head -c 3000000 /dev/zero; exit 1", "broke off"),
        (
            "echo 'memory allocation of 123456 bytes failed' >&2; kill -6 $$",
            "a.png: it takes more than 2048 MiB of memory to open; make it smaller",
        ),
    ] {
        let said = said(script);
        assert!(said.contains(reason), "{script}: {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let nowhere = Workers::new(folder.path().join("nowhere"));
    let answers = nowhere.look_at(folder.path(), &[job("a.png")]);
    let said = answers[0].problems[0].to_string();
    assert!(
        said.starts_with("a.png: it cannot be looked at: "),
        "{said}"
    );
}

#[test]
fn a_worker_that_hangs_is_ended_with_all_that_it_started() {
    // The child of the worker writes its number, and neither ever ends by itself.
    let script = "sh -c 'echo $$ > child; exec sleep 1000' & wait";
    // On a machine so slow that it has not written it by then, the worker gets more time.
    for time_max in [1, 10, 100].map(Duration::from_secs) {
        let folder = tempfile::tempdir().unwrap();
        let workers = scripted(&folder, script).within(time_max, MEMORY_BYTES_MAX);
        let answers = workers.look_at(folder.path(), &[job("a.png")]);
        let said = answers[0].problems[0].to_string();
        let reason = format!("a.png: it took longer than {} s", time_max.as_secs());
        assert!(said.starts_with(&reason), "{said}");
        let child = fs::read_to_string(folder.path().join("child")).unwrap_or_default();
        if child.ends_with('\n') {
            wait_for_the_end_of(child.trim());
            return;
        }
    }
    panic!("the worker never started its child");
}

/// Waits for a process that was killed: it is gone, or whoever adopted it has not yet taken notice.
fn wait_for_the_end_of(process: &str) {
    let from = Instant::now();
    while from.elapsed() < Duration::from_secs(60) {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") || stat.contains(") X ") {
            return;
        }
        thread::yield_now();
    }
    panic!("process {process} goes on");
}

#[test]
fn one_bad_worker_costs_no_other_creative_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let script = "job=$(cat); case $job in *bad*) kill -9 $$;; esac\n\
                  echo '{\"problems\":[],\"notes\":[],\"missing_program\":null,\"thumbnail\":null}'";
    let workers = scripted(&folder, script);
    let jobs: Vec<Job> = (0..9)
        .map(|at| {
            job(&format!(
                "{}{at}.png",
                if at % 4 == 2 { "bad" } else { "good" }
            ))
        })
        .collect();
    let answers = workers.look_at(folder.path(), &jobs);
    assert_eq!(answers.len(), jobs.len());
    for (answer, job) in answers.iter().zip(&jobs) {
        let named = answer.problems.first().map(|problem| problem.file.as_str());
        let bad = job.name.starts_with("bad").then_some(job.name.as_str());
        assert_eq!(named, bad, "{}", job.name);
    }
    assert!(workers.look_at(folder.path(), &[]).is_empty());
}
