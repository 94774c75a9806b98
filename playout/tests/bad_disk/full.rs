//! No room.

use std::process::Command;

use passerby_testing::required_program;

use crate::mount::Disk;
use crate::terminal::{Terminal, holds, program};

/// Room for a ledger with its log, and some.
const ROOM_KIB: u32 = 12 << 10;

/// Sets how long files of a process may become, in bytes; `unlimited` takes the limit away.
fn limit(process: u32, bytes: &str) {
    let status = Command::new(required_program("prlimit"))
        .args([&format!("--pid={process}"), &format!("--fsize={bytes}:")])
        .status();
    assert!(status.expect("prlimit runs").success());
}

#[test]
fn a_full_disk_stops_the_count_and_not_the_show_and_all_of_it_is_counted_once_there_is_room() {
    let disk = Disk::in_memory(ROOM_KIB);
    let data = disk.folder().join("data");
    let mut terminal = Terminal::start(&data);
    terminal.records(20);
    for _ in 0..3 {
        let filler = disk.fill();
        terminal.until("plays wait", |told| told.unrecorded >= 30);
        assert!(
            terminal.told.has_problem("plays wait in memory"),
            "{:?}",
            terminal.told.problems
        );
        terminal.shows(30);
        std::fs::remove_file(filler).expect("makes room");
        terminal.records(30);
        assert_eq!(terminal.told.unrecorded, 0);
    }
    let told = terminal.kill();
    println!("{} plays, {} built in", told.campaigns, told.built_in);
    holds(&data, &told, 0);
}

#[test]
fn while_no_number_can_be_had_the_house_creative_airs_and_then_campaigns_again() {
    // Less than the ledger's log alone would take: the ledger fills the disk by itself.
    let disk = Disk::in_memory(600);
    let data = disk.folder().join("data");
    let mut terminal = Terminal::start(&data);
    terminal.records(20);
    // Numbers are reserved by 256; the next that are reserved need room.
    let before = terminal.told.built_in;
    terminal.until("nothing but the house creative", |told| {
        told.built_in > before
    });
    assert!(terminal.told.unrecorded > 0);
    assert!(disk.remount(&format!("size={ROOM_KIB}k")), "a larger disk");
    terminal.records(300);
    let told = terminal.kill();
    println!("{} plays, {} built in", told.campaigns, told.built_in);
    holds(&data, &told, 0);
}

#[test]
fn a_disk_that_is_full_at_the_start_is_waited_for() {
    let disk = Disk::in_memory(ROOM_KIB);
    let data = disk.folder().join("data");
    let mut terminal = Terminal::start(&data);
    terminal.records(50);
    let before = terminal.kill();
    let filler = disk.fill();
    let mut terminal = Terminal::start(&data);
    terminal.until("something is shown", |told| told.built_in > 0);
    std::fs::remove_file(filler).expect("makes room");
    terminal.records(before.recorded + 20);
    let mut told = terminal.kill();
    assert!(before.numbers.is_disjoint(&told.numbers));
    told.numbers.extend(&before.numbers);
    told.campaigns += before.campaigns;
    // Killed with what had not come to the ledger yet.
    holds(&data, &told, 2);
}

/// Writes that end in the middle, and then none at all.
#[test]
fn a_limit_on_the_length_of_files_stops_the_count_and_not_the_show() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    // The signal that comes with the limit would end the process.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(program("blind_terminal"));
    let mut terminal = Terminal::start_by(&data, command);
    terminal.records(20);
    for bytes in ["4097", "5000", "512"] {
        limit(terminal.id(), bytes);
        terminal.until("plays wait", |told| told.unrecorded >= 20);
        terminal.shows(20);
        limit(terminal.id(), "unlimited");
        terminal.records(20);
    }
    let told = terminal.kill();
    holds(&data, &told, 0);
}
