//! A file that is away, hangs, lies on a full disk or may only be read.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use passerby_testing::required_program;

use crate::processes::fleet::{Process, wait_until};
use crate::processes::outages::{Hub, is_full};
use crate::processes::small_disk::SmallDisk;
use crate::stand::location;

/// Has system calls of a process fail until it is dropped.
struct FailingCalls(Child);

impl FailingCalls {
    /// `what` as strace writes it: calls, `:error=` and which.
    fn of(process: u32, what: &str, folder: &Path) -> Self {
        let calls = what.split(':').next().unwrap();
        let child = Command::new(required_program("strace"))
            .args(["-f", "-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={what}"), "-o"])
            .arg(folder.join("strace.log"))
            .args(["-p", &process.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for FailingCalls {
    /// By SIGTERM, upon which strace lets go of the process.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Has calls fail for a while, and then no more.
fn goes_on_after(what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(None, &folder.path().join("data"));
    let mut hub = Hub::of(process);
    location(&hub.scan());
    let failing = FailingCalls::of(hub.process.id(), what, folder.path());
    wait_until("calls fail", || hub.scan().status() == 503);
    hub.is_away();
    let manifest = hub.process.manifest(&hub.terminal).0;
    assert_eq!(manifest.campaigns.len(), 1, "it is read all the same");
    drop(failing);
    hub.goes_on(10);
}

#[test]
fn a_file_on_a_disk_that_has_become_read_only_is_written_again_afterwards() {
    goes_on_after("pwrite64:error=EROFS");
}

#[test]
fn a_file_on_a_disk_that_takes_nothing_is_written_again_afterwards() {
    goes_on_after("fdatasync,fsync:error=EIO");
}

#[test]
fn a_file_that_another_program_holds_keeps_nobody_waiting_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut hub = Hub::of(Process::start(None, &data));
    location(&hub.scan());
    let other = rusqlite::Connection::open(data.join("hub.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    hub.is_away();
    other.execute_batch("ROLLBACK").unwrap();
    hub.goes_on(10);
}

#[test]
fn a_file_on_a_disk_that_is_full_gets_what_it_missed_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::at(&folder.path().join("disk"), 64);
    let process = Process::start(None, &disk.folder().join("data"));
    let hub = Hub::of(process);
    disk.fill();
    is_full(hub, &disk);
}
