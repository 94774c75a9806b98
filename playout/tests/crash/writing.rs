//! Runs the writer of `tests/programs/ledger_writer.rs` under strace.
//!
//! Invariant: what the model of the disk shows at the end is what the folder holds, byte for byte;
//! so the trace was understood.

use std::path::{Path, PathBuf};

use crate::disk::{Disk, Lies};
use crate::points::files_in;
use crate::random::number_from;
use crate::trace::{Deed, Reader, strace};

/// A folder, what was in it, and what writers did in it.
pub(crate) struct Written {
    pub(crate) root: tempfile::TempDir,
    /// Files before the first writer.
    pub(crate) found: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) deeds: Vec<Deed>,
    reader: Reader,
}

impl Written {
    /// In a new folder, with its parts as `prepare` leaves them. The writers' folder is `data` in
    /// it.
    pub(crate) fn after(prepare: impl FnOnce(&Path)) -> Self {
        let root = tempfile::tempdir().expect("folder");
        prepare(root.path());
        // What SQLite keeps in memory has no place on the disk.
        let found = without_index(files_in(root.path()));
        let lengths: Vec<(PathBuf, u64)> = found
            .iter()
            .map(|(path, bytes)| (path.clone(), bytes.len() as u64))
            .collect();
        Self {
            reader: Reader::new(root.path(), &lengths),
            root,
            found,
            deeds: Vec::new(),
        }
    }

    /// Lets a writer run, after those before it; its arguments stand without its folder. `inject`:
    /// what strace lets fail.
    pub(crate) fn run(mut self, kind: &str, arguments: &[&str], inject: &[&str]) -> Self {
        let root = self.root.path();
        let data = root.join("data");
        let mut all = vec![kind, data.to_str().expect("text")];
        all.extend(arguments);
        self.deeds
            .extend(self.reader.read(&strace(&writer(), &all, inject)));
        let mut disk = Disk::new(root, &self.found, Lies::Never);
        for (time, deed) in self.deeds.iter().enumerate() {
            disk.apply(time, deed);
        }
        let there = without_index(files_in(root));
        let there: Vec<_> = there
            .iter()
            .map(|(path, bytes)| (path.as_path(), &**bytes))
            .collect();
        assert!(disk.shown() == there, "the trace was not understood");
        self
    }

    /// How often the writers did each kind of thing.
    pub(crate) fn counts(&self) -> String {
        let count = |is: fn(&Deed) -> bool| self.deeds.iter().filter(|deed| is(deed)).count();
        format!(
            "{} writes, {} syncs ({} failed), {} cuts, {} names made, {} taken away, {} renamed",
            count(|deed| matches!(deed, Deed::Write { .. })),
            count(|deed| matches!(deed, Deed::Sync { .. } | Deed::SyncNames { .. })),
            count(|deed| matches!(deed, Deed::Sync { worked: false, .. })),
            count(|deed| matches!(deed, Deed::Cut { .. })),
            count(|deed| matches!(deed, Deed::Create { .. } | Deed::MakeFolder { .. })),
            count(|deed| matches!(deed, Deed::Unlink { .. })),
            count(|deed| matches!(deed, Deed::Rename { .. })),
        )
    }
}

fn without_index(mut files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    files.retain(|(path, _)| !path.to_string_lossy().ends_with("-shm"));
    files
}

/// The program that writes.
pub(crate) fn writer() -> PathBuf {
    // Cargo builds examples beside tests before it runs these.
    let test = std::env::current_exe().expect("a path");
    let program = test
        .ancestors()
        .nth(2)
        .expect("a target folder")
        .join("examples/ledger_writer");
    assert!(
        program.exists(),
        "{} is missing; build it with `cargo build -p passerby-playout --examples`",
        program.display()
    );
    program
}

/// How many power cuts a test tries at least.
pub(crate) fn points() -> usize {
    usize::try_from(number_from("PASSERBY_CRASH_POINTS", 2_000)).expect("so many")
}
