//! A disk as a power cut leaves it: what was synced is there, and of the rest any part.
//!
//! The model: a sector of 512 bytes is written whole or not at all. Between two syncs of a file
//! each of its sectors may stand at any of its states, whatever the others do; so may its length. A
//! name is on disk after its folder was synced. After a sync that failed the system shows what was
//! written and forgets to write it (see the ledger's `rewrite`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::random::Seeded;
use crate::trace::Deed;

const SECTOR: usize = 512;

/// What becomes of things that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// All of it is lost.
    Lost,
    /// All of it arrived.
    Kept,
    /// What was written up to some moment arrived, as far as that moment's sector.
    Torn,
    /// Each sector, length and name stands at a state of its own.
    Shuffled,
    /// All but one sector arrived.
    OneLost,
    /// One sector arrived.
    OneKept,
    /// Lengths arrived, what should be there did not.
    LengthsOnly,
}

pub(crate) const FATES: [Fate; 7] = [
    Fate::Lost,
    Fate::Kept,
    Fate::Torn,
    Fate::Shuffled,
    Fate::OneLost,
    Fate::OneKept,
    Fate::LengthsOnly,
];

/// A state of a sector, and when it came about; `cut` when the file was shortened.
#[derive(Debug, Clone)]
struct State {
    time: usize,
    cut: bool,
    data: [u8; SECTOR],
}

#[derive(Debug, Clone, Default)]
struct File {
    durable: Vec<u8>,
    /// What a reader sees.
    shown: Vec<u8>,
    pending: BTreeMap<usize, Vec<State>>,
    lengths: Vec<(usize, usize)>,
}

impl File {
    fn write(&mut self, time: usize, at: usize, data: &[u8]) {
        let end = at + data.len();
        if end > self.shown.len() {
            self.shown.resize(end, 0);
            self.lengths.push((time, end));
        }
        self.shown[at..end].copy_from_slice(data);
        self.note(time, at, end, false);
    }

    fn cut(&mut self, time: usize, length: usize) {
        let before = self.shown.len();
        self.shown.resize(length, 0);
        self.lengths.push((time, length));
        if before > length {
            self.note(time, length, before, true);
        }
    }

    /// Keeps the state of the sectors in a range.
    fn note(&mut self, time: usize, from: usize, to: usize, cut: bool) {
        for sector in from / SECTOR..to.div_ceil(SECTOR) {
            let data = sector_of(&self.shown, sector);
            let states = self.pending.entry(sector).or_default();
            states.push(State { time, cut, data });
        }
    }

    fn sync(&mut self, worked: bool) {
        if worked {
            if let Some((_, length)) = self.lengths.last() {
                self.durable.resize(*length, 0);
            }
            for (sector, states) in &self.pending {
                if let Some(state) = states.last() {
                    put(&mut self.durable, *sector, &state.data);
                }
            }
        } else if let Some((_, length)) = self.lengths.last() {
            // What a file system keeps for itself it keeps well; the data is what is lost.
            self.durable.resize(*length, 0);
        }
        self.pending.clear();
        self.lengths.clear();
    }

    /// What is left of the file.
    fn left(&self, fate: Fate, until: usize, random: &mut Seeded) -> Vec<u8> {
        let durable_length = self.durable.len();
        let (length_time, length) = match fate {
            Fate::Lost => None,
            Fate::Torn => self.lengths.iter().rev().find(|(time, _)| *time <= until),
            Fate::Shuffled | Fate::OneKept => match random.below(self.lengths.len() + 1) {
                0 => None,
                at => self.lengths.get(at - 1),
            },
            Fate::Kept | Fate::OneLost | Fate::LengthsOnly => self.lengths.last(),
        }
        .copied()
        .unwrap_or((0, durable_length));
        let mut left = self.durable.clone();
        // A file that grew without its data shows zeros, or what was on the disk before.
        let is_dirty = matches!(fate, Fate::Shuffled) && random.below(3) == 0;
        left.resize(length, if is_dirty { 0x5A } else { 0 });
        let chosen = random.below(self.pending.len().max(1));
        for (place, (sector, states)) in self.pending.iter().enumerate() {
            let last = states.last();
            let state = match fate {
                Fate::Lost | Fate::LengthsOnly => None,
                Fate::Kept => last,
                Fate::Torn => {
                    let torn = |state: &&State| {
                        // The write at that moment came as far as a sector in its middle.
                        state.time < until || (state.time == until && place <= chosen)
                    };
                    states.iter().rev().find(torn)
                }
                Fate::Shuffled => match random.below(states.len() + 1) {
                    0 => None,
                    at => states.get(at - 1),
                },
                Fate::OneLost => last.filter(|_| place != chosen),
                Fate::OneKept => last.filter(|_| place == chosen),
            };
            let state = state.filter(|state| !state.cut || state.time <= length_time);
            if let Some(state) = state {
                put(&mut left, *sector, &state.data);
            }
        }
        left
    }
}

fn sector_of(bytes: &[u8], sector: usize) -> [u8; SECTOR] {
    let mut data = [0; SECTOR];
    let from = (sector * SECTOR).min(bytes.len());
    let to = (from + SECTOR).min(bytes.len());
    data[..to - from].copy_from_slice(&bytes[from..to]);
    data
}

/// Writes as much of a sector as there is room for.
fn put(bytes: &mut [u8], sector: usize, data: &[u8; SECTOR]) {
    let from = (sector * SECTOR).min(bytes.len());
    let to = (from + SECTOR).min(bytes.len());
    bytes[from..to].copy_from_slice(&data[..to - from]);
}

/// A change to the names of a folder.
#[derive(Debug, Clone)]
enum Naming {
    Make(PathBuf, usize),
    Rename(PathBuf, PathBuf, usize),
    Remove(PathBuf),
    Folder(PathBuf),
}

impl Naming {
    fn folder(&self) -> &Path {
        let (Self::Make(path, _)
        | Self::Rename(path, ..)
        | Self::Remove(path)
        | Self::Folder(path)) = self;
        path.parent().expect("a folder")
    }
}

#[derive(Debug, Clone, Default)]
struct Names {
    files: BTreeMap<PathBuf, usize>,
    folders: Vec<PathBuf>,
}

impl Names {
    fn apply(&mut self, naming: &Naming) {
        match naming {
            Naming::Make(path, file) => {
                self.files.insert(path.clone(), *file);
            }
            Naming::Rename(from, to, file) => {
                // The old name may be that of another file by now, or never have arrived.
                if self.files.get(from) == Some(file) {
                    self.files.remove(from);
                }
                self.files.insert(to.clone(), *file);
            }
            Naming::Remove(path) => {
                self.files.remove(path);
            }
            Naming::Folder(path) => self.folders.push(path.clone()),
        }
    }
}

/// What is left of a folder, by path.
#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
}

/// The disk of one folder.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    lies: Lies,
    files: Vec<File>,
    shown: Names,
    durable: Names,
    pending: Vec<(usize, Naming)>,
}

/// What a disk only says that it has synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lies {
    /// It tells the truth.
    Never,
    /// Data of every file, as with `synchronous=OFF`.
    AboutFiles,
    /// Data of logs, as with `synchronous=NORMAL`.
    AboutLogs,
    /// Names.
    AboutNames,
}

impl Disk {
    /// With what is in the folder already, all of it synced, in the order of the numbers of a
    /// trace's reader.
    pub(crate) fn new(root: &Path, found: &[(PathBuf, Vec<u8>)], lies: Lies) -> Self {
        let mut names = Names::default();
        names.folders.push(root.to_path_buf());
        let mut files = Vec::new();
        for (path, bytes) in found {
            names
                .folders
                .push(path.parent().expect("a folder").to_path_buf());
            names.files.insert(path.clone(), files.len());
            files.push(File {
                durable: bytes.clone(),
                shown: bytes.clone(),
                ..File::default()
            });
        }
        Self {
            lies,
            files,
            durable: names.clone(),
            shown: names,
            pending: Vec::new(),
        }
    }

    /// Lets a deed happen.
    pub(crate) fn apply(&mut self, time: usize, deed: &Deed) {
        let size = |bytes: u64| usize::try_from(bytes).expect("small files");
        let naming = match deed {
            Deed::Create { path, file } => {
                assert_eq!(*file, self.files.len(), "files are numbered in turn");
                self.files.push(File::default());
                Naming::Make(path.clone(), *file)
            }
            Deed::Rename { from, to } => {
                Naming::Rename(from.clone(), to.clone(), self.shown.files[from])
            }
            Deed::Link { from, to } => Naming::Make(to.clone(), self.shown.files[from]),
            Deed::Unlink { path } => Naming::Remove(path.clone()),
            Deed::MakeFolder { path } => Naming::Folder(path.clone()),
            Deed::Write { file, at, data } => {
                return self.files[*file].write(time, size(*at), data);
            }
            Deed::Cut { file, length } => return self.files[*file].cut(time, size(*length)),
            Deed::Sync { file, worked } => {
                if !self.lies_about(*file) {
                    self.files[*file].sync(*worked);
                }
                return;
            }
            Deed::SyncNames { folder } => {
                if self.lies != Lies::AboutNames {
                    let durable = &mut self.durable;
                    self.pending.retain(|(_, naming)| {
                        let is_synced = naming.folder() == folder;
                        if is_synced {
                            durable.apply(naming);
                        }
                        !is_synced
                    });
                }
                return;
            }
            Deed::Say(_) => return,
        };
        self.shown.apply(&naming);
        self.pending.push((time, naming));
    }

    /// What a power cut leaves. `kind`: names arrive by themselves, in order, as on most file
    /// systems; else only when their folder was synced, or by chance.
    pub(crate) fn cut_off(&self, fate: Fate, kind: bool, now: usize, random: &mut Seeded) -> Image {
        // A moment among the last that is not synced yet.
        let until = now.saturating_sub(random.below(12) + 1);
        let names = if kind {
            &self.shown
        } else {
            &self.names_left(fate, until, random)
        };
        let is_there = |path: &PathBuf| {
            path.ancestors().skip(1).all(|above| {
                !above.starts_with(&self.durable.folders[0])
                    || names.folders.iter().any(|folder| folder == above)
            })
        };
        Image {
            folders: names
                .folders
                .iter()
                .filter(|path| is_there(path))
                .cloned()
                .collect(),
            files: names
                .files
                .iter()
                .filter(|(path, _)| is_there(path))
                .map(|(path, file)| (path.clone(), self.files[*file].left(fate, until, random)))
                .collect(),
        }
    }

    fn lies_about(&self, file: usize) -> bool {
        let is_log = || {
            let mut names = self.shown.files.iter();
            names.any(|(path, named)| *named == file && path.to_string_lossy().ends_with("-wal"))
        };
        match self.lies {
            Lies::Never | Lies::AboutNames => false,
            Lies::AboutFiles => true,
            Lies::AboutLogs => is_log(),
        }
    }

    /// What the system shows, as long as the power is on.
    pub(crate) fn shown(&self) -> Vec<(&Path, &[u8])> {
        self.shown
            .files
            .iter()
            .map(|(path, number)| (path.as_path(), &*self.files[*number].shown))
            .collect()
    }

    fn names_left(&self, fate: Fate, until: usize, random: &mut Seeded) -> Names {
        let mut names = self.durable.clone();
        let chosen = random.below(self.pending.len().max(1));
        for (place, (time, naming)) in self.pending.iter().enumerate() {
            let arrived = match fate {
                Fate::Lost => false,
                Fate::Kept | Fate::LengthsOnly => true,
                Fate::Torn => *time <= until,
                Fate::Shuffled => random.below(2) == 0,
                Fate::OneLost => place != chosen,
                Fate::OneKept => place == chosen,
            };
            if arrived {
                names.apply(naming);
            }
        }
        names
    }
}
