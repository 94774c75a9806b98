//! A disk that may only be read.

use crate::mount::Disk;
use crate::terminal::{Terminal, holds};

#[test]
fn a_file_system_that_the_kernel_makes_read_only_stops_the_count_and_not_the_show() {
    let disk = Disk::ext4();
    let data = disk.folder().join("data");
    let mut terminal = Terminal::start(&data);
    terminal.records(50);
    assert!(disk.breaks(), "ext4 takes an error for the test's sake");
    terminal.until("plays wait", |told| told.unrecorded >= 50);
    assert!(
        terminal.told.has_problem("plays wait in memory"),
        "{:?}",
        terminal.told.problems
    );
    terminal.shows(50);
    let mut told = terminal.kill();
    // What waits in memory is lost with the process; what was called recorded is not, but for one:
    // ext4 answers an fsync that is under way when its journal is given up as if it had worked, in
    // one of three runs (Linux 6.18, seen with strace).
    told.recorded -= 1;
    let waiting = told.unrecorded + 1;
    disk.mount_anew();
    holds(&data, &told, waiting);

    let mut terminal = Terminal::start(&data);
    terminal.records(told.recorded + 20);
    let mut after = terminal.kill();
    assert!(after.numbers.is_disjoint(&told.numbers));
    after.numbers.extend(&told.numbers);
    after.campaigns += told.campaigns;
    holds(&data, &after, waiting + 2);
}

#[test]
fn a_disk_that_is_mounted_read_only_shows_the_house_creative_and_counts_once_it_can_be_written() {
    let disk = Disk::in_memory(12 << 10);
    let data = disk.folder().join("data");
    let mut terminal = Terminal::start(&data);
    terminal.records(50);
    assert!(!disk.remount("ro"), "files are open for writing");
    let before = terminal.kill();
    assert!(disk.remount("ro"));
    let mut terminal = Terminal::start(&data);
    terminal.until("the house creative is shown and says why", |told| {
        told.built_in > 3 && told.has_problem("the ledger cannot be")
    });
    assert_eq!(terminal.told.campaigns, 0, "no number, no play");
    assert!(disk.remount("rw"));
    terminal.records(before.recorded + 20);
    let mut told = terminal.kill();
    assert!(before.numbers.is_disjoint(&told.numbers));
    told.numbers.extend(&before.numbers);
    told.campaigns += before.campaigns;
    holds(&data, &told, 2);
}
