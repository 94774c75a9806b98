//! Cuts the power at many places of a trace and has each disk judged.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::disk::{Disk, FATES, Fate, Image, Lies};
use crate::random::Seeded;
use crate::trace::Deed;

/// Most findings that are kept; one is enough to fail.
const FINDINGS_MAX: usize = 20;
/// Power cuts are judged on as many cores as there are, up to this.
const THREADS_MAX: usize = 8;

/// One power cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    /// So many deeds happened.
    pub(crate) deeds: usize,
    pub(crate) fate: Fate,
    /// Whether names arrive by themselves.
    kind: bool,
    seed: usize,
}

/// What became of a folder and what was said before.
pub(crate) struct Cut<'a> {
    /// Holds what is left.
    pub(crate) folder: &'a Path,
    /// All that happened up to the cut.
    pub(crate) deeds: &'a [Deed],
}

/// What many power cuts have shown.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) points: usize,
    /// What was wrong, with the point at which it was.
    pub(crate) findings: Vec<String>,
}

/// Chooses power cuts: around every sync, cut, name and word of the writer, in all ways; the others
/// by chance.
pub(crate) fn choose(deeds: &[Deed], count: usize, seed: u64) -> Vec<Point> {
    let mut random = Seeded(seed);
    let is_edge = |deed: &Deed| !matches!(deed, Deed::Write { .. });
    // Words and syncs of commits are many; what happens seldom is looked at in every way.
    let is_rare =
        |deed: &Deed| !matches!(deed, Deed::Write { .. } | Deed::Say(_) | Deed::Sync { .. });
    let mut points = Vec::new();
    let mut point = |deeds, fate, random: &mut Seeded| {
        let (kind, seed) = (random.below(3) == 0, random.below(1 << 30));
        points.push(Point {
            deeds,
            fate,
            kind,
            seed,
        });
    };
    let rare: Vec<usize> = (0..deeds.len()).filter(|&at| is_rare(&deeds[at])).collect();
    let edges: Vec<usize> = (0..deeds.len()).filter(|&at| is_edge(&deeds[at])).collect();
    for &at in rare.iter().take(count / (4 * FATES.len())) {
        for fate in FATES {
            // Right before, or right after.
            point(at + random.below(2), fate, &mut random);
        }
    }
    for &at in edges.iter().take(count / 2) {
        let fate = FATES[random.below(FATES.len())];
        point(at + random.below(2), fate, &mut random);
    }
    for _ in 0..count {
        let fate = FATES[random.below(FATES.len())];
        point(random.below(deeds.len() + 1), fate, &mut random);
    }
    points.sort_by_key(|point| point.deeds);
    points
}

/// Plays a trace through a model of a disk, cuts the power at each point, and has what is left
/// judged.
pub(crate) fn judge(
    root: &Path,
    found: &[(PathBuf, Vec<u8>)],
    deeds: &[Deed],
    points: &[Point],
    lies: Lies,
    judge: impl Fn(&Cut<'_>) -> Result<(), String> + Sync,
) -> Verdict {
    let threads =
        std::thread::available_parallelism().map_or(1, |cores| cores.get().min(THREADS_MAX));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut disk = Disk::new(root, found, lies);
        let (mut done, mut findings) = (0, Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(point) = points.get(at) else {
                return findings;
            };
            for (time, deed) in deeds.iter().enumerate().take(point.deeds).skip(done) {
                disk.apply(time, deed);
            }
            done = point.deeds;
            let mut random = Seeded(point.seed as u64);
            let image = disk.cut_off(point.fate, point.kind, point.deeds, &mut random);
            let folder = write_out(root, &image);
            let cut = Cut {
                folder: folder.path(),
                deeds: &deeds[..point.deeds],
            };
            if let Err(finding) = judge(&cut)
                && findings.len() < FINDINGS_MAX
            {
                findings.push(format!("{point:?}: {finding}"));
            }
        }
    };
    let findings = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("no panic"))
            .collect()
    });
    Verdict {
        points: points.len(),
        findings,
    }
}

/// Every file below a folder, in the order of the names.
pub(crate) fn files_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("reads").flatten() {
        if entry.path().is_dir() {
            files.extend(files_in(&entry.path()));
        } else {
            files.push((entry.path(), std::fs::read(entry.path()).expect("reads")));
        }
    }
    files.sort();
    files
}

/// In memory where the system has such a folder: the disk of the machine is not what is tried.
fn write_out(root: &Path, image: &Image) -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
    .expect("a folder");
    let place = |path: &Path| folder.path().join(path.strip_prefix(root).expect("below"));
    for path in &image.folders {
        std::fs::create_dir_all(place(path)).expect("makes");
    }
    for (path, bytes) in &image.files {
        std::fs::write(place(path), bytes).expect("writes");
        // The index of a log is worth nothing after a power cut, and may still be there.
        if path.to_string_lossy().ends_with("-wal") && bytes.len() % 3 == 0 {
            let index = path.to_string_lossy().replace("-wal", "-shm");
            std::fs::write(place(Path::new(&index)), [0xA7; 32_768]).expect("writes");
        }
    }
    folder
}
