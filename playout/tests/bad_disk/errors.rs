//! Calls that fail: strace lets them, in the process as it runs.

use std::process::{Child, Command, Stdio};

use passerby_testing::required_program;

use crate::terminal::{Terminal, holds};

/// Lets calls of a process fail until it is dropped.
struct Fault(Child);

impl Fault {
    /// `what` as strace writes it: calls, `:error=` and which.
    fn of(process: u32, what: &str) -> Self {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let calls = what.split(':').next().unwrap_or_default();
        let child = Command::new(required_program("strace"))
            .args(["-f", "-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={what}"), "-o"])
            .arg(log.path())
            .args(["-p", &process.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("strace runs"))
    }
}

impl Drop for Fault {
    /// By SIGTERM, upon which strace lets go of the process.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Lets calls fail for a while, three times over, then kills the terminal.
fn goes_on_through(what: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut terminal = Terminal::start(&data);
    terminal.records(20);
    for _ in 0..3 {
        let fault = Fault::of(terminal.id(), what);
        terminal.until("plays wait", |told| told.unrecorded >= 10);
        assert!(terminal.told.has_problem("plays wait in memory"));
        terminal.shows(10);
        drop(fault);
        terminal.records(20);
    }
    let told = terminal.kill();
    println!(
        "{what}: {} plays, {} built in",
        told.campaigns, told.built_in
    );
    holds(&data, &told, 0);
}

#[test]
fn writes_that_fail_cost_no_play() {
    goes_on_through("pwrite64:error=EIO");
}

#[test]
fn syncs_that_fail_cost_no_play() {
    goes_on_through("fdatasync,fsync:error=EIO");
}

#[test]
fn a_disk_that_becomes_read_only_and_writable_again_costs_no_play() {
    goes_on_through("pwrite64,ftruncate,openat,unlink,fdatasync:error=EROFS");
}

#[test]
fn a_log_that_finds_no_room_costs_no_play() {
    goes_on_through("pwrite64:error=ENOSPC");
}

#[test]
fn a_disk_on_which_every_third_call_fails_costs_no_play() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut terminal = Terminal::start(&data);
    terminal.records(20);
    for what in [
        "pwrite64:error=EIO:when=3+3",
        "fdatasync,fsync:error=EIO:when=3+3",
        "pwrite64,fdatasync,ftruncate:error=ENOSPC:when=2+3",
    ] {
        let fault = Fault::of(terminal.id(), what);
        let from = terminal.told.recorded;
        terminal.shows(200);
        drop(fault);
        terminal.until("the count goes on", |told| {
            told.recorded > from && told.unrecorded == 0
        });
    }
    let told = terminal.kill();
    holds(&data, &told, 0);
}
