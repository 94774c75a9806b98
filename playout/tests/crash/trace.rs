//! Reads what strace saw a writer do, as far as it changes a folder.
//!
//! Invariant: a call that changes the folder in a way that is not understood stops the test;
//! nothing is passed over.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use passerby_testing::required_program;

/// Every call that may change what is on a disk, and what is needed to know which file it was.
const CALLS: &str = "open,openat,creat,close,write,pwrite64,writev,pwritev,pwritev2,lseek,ftruncate,truncate,fallocate,\
fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,\
symlinkat,dup,dup2,dup3,mmap,copy_file_range,sendfile";

/// One thing that a writer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Made a file; from here on it has a number of its own.
    Create { path: PathBuf, file: usize },
    /// Wrote bytes at a place.
    Write { file: usize, at: u64, data: Vec<u8> },
    /// Set a file's length.
    Cut { file: usize, length: u64 },
    /// Had a file written to disk; `false` when the system said that it failed.
    Sync { file: usize, worked: bool },
    /// Had the names in a folder written to disk.
    SyncNames { folder: PathBuf },
    /// Gave a file another name.
    Rename { from: PathBuf, to: PathBuf },
    /// Gave a file one more name.
    Link { from: PathBuf, to: PathBuf },
    /// Took a name away.
    Unlink { path: PathBuf },
    /// Made a folder.
    MakeFolder { path: PathBuf },
    /// Told the world something.
    Say(String),
}

/// Runs a program under strace; returns what strace wrote. `inject`: what strace is to let fail, as
/// it writes it.
pub(crate) fn strace(program: &Path, arguments: &[&str], inject: &[&str]) -> String {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut command = Command::new(required_program("strace"));
    command
        .args(["-f", "-xx", "-s", "16777216", "-e"])
        .arg(format!("trace={CALLS}"));
    for fault in inject {
        command.arg("-e").arg(format!("inject={fault}"));
    }
    let status = command
        .arg("-o")
        .arg(log.path())
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("strace runs");
    assert!(status.success(), "{} {arguments:?}", program.display());
    std::fs::read_to_string(log.path()).expect("reads")
}

/// An open file of the writer.
enum Open {
    File { file: usize, at: u64 },
    Folder(PathBuf),
    Memory,
}

/// Turns traces of writers, one after the other, into deeds in one folder.
pub(crate) struct Reader {
    root: PathBuf,
    files: HashMap<PathBuf, usize>,
    lengths: HashMap<usize, u64>,
    folders: Vec<PathBuf>,
    count: usize,
    /// The beginning of a line.
    told: String,
}

impl Reader {
    /// For a folder that is there; what is in it already gets numbers in the order of `found`.
    pub(crate) fn new(root: &Path, found: &[(PathBuf, u64)]) -> Self {
        let mut reader = Self {
            root: root.to_path_buf(),
            files: HashMap::new(),
            lengths: HashMap::new(),
            folders: vec![root.to_path_buf()],
            count: 0,
            told: String::new(),
        };
        for (path, length) in found {
            reader
                .folders
                .push(path.parent().expect("a folder").to_path_buf());
            let file = reader.make(path);
            reader.lengths.insert(file, *length);
        }
        reader
    }

    fn make(&mut self, path: &Path) -> usize {
        let file = self.count;
        self.count += 1;
        self.files.insert(path.to_path_buf(), file);
        self.lengths.insert(file, 0);
        file
    }

    /// Reads the trace of one process.
    pub(crate) fn read(&mut self, trace: &str) -> Vec<Deed> {
        let mut open: HashMap<i64, Open> = HashMap::new();
        let mut deeds = Vec::new();
        let mut process = None;
        for line in trace.lines() {
            let (pid, call) = line.split_once(' ').expect("a process and a call");
            let call = call.trim_start();
            if call.starts_with("+++") || call.starts_with("---") {
                continue;
            }
            assert_eq!(*process.get_or_insert(pid), pid, "one thread writes");
            let (name, rest) = call.split_once('(').expect("a call");
            let (arguments, result) = rest.rsplit_once(" = ").expect("a result");
            let arguments = arguments.trim_end().strip_suffix(')').expect("whole calls");
            let arguments: Vec<&str> = split(arguments);
            let result = result.split(' ').next().unwrap_or_default();
            // Addresses, of mmap alone, are written in hexadecimal.
            let result: i64 = result.parse().unwrap_or(0);
            self.call(name, &arguments, result, &mut open, &mut deeds);
        }
        deeds
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[&str],
        result: i64,
        open: &mut HashMap<i64, Open>,
        deeds: &mut Vec<Deed>,
    ) {
        // The descriptor of calls that begin with one.
        let fd = || arguments[0].parse::<i64>().unwrap_or(-1);
        let number = |at: usize| arguments[at].parse::<u64>().expect("a number");
        if result < 0 {
            if matches!(name, "fsync" | "fdatasync")
                && let Some(Open::File { file, .. }) = open.get(&fd())
            {
                let (file, worked) = (*file, false);
                deeds.push(Deed::Sync { file, worked });
            }
            return;
        }
        match name {
            "openat" => self.open(&text(arguments[1]), arguments[2], result, open, deeds),
            "close" => {
                open.remove(&fd());
            }
            "write" if fd() == 1 => {
                self.told
                    .push_str(&String::from_utf8(bytes(arguments[1])).expect("text"));
                // A long line takes several writes, and is said with the last.
                while let Some((line, rest)) = self.told.split_once('\n') {
                    deeds.push(Deed::Say(line.to_owned()));
                    self.told = rest.to_owned();
                }
            }
            "write" => {
                if let Some(Open::File { file, at }) = open.get_mut(&fd()) {
                    let place = *at;
                    *at += result.unsigned_abs();
                    deeds.push(self.wrote(*file, place, arguments[1], result));
                }
            }
            "pwrite64" => {
                if let Some(Open::File { file, .. }) = open.get(&fd()) {
                    deeds.push(self.wrote(*file, number(3), arguments[1], result));
                }
            }
            "lseek" => {
                if let Some(Open::File { at, .. }) = open.get_mut(&fd()) {
                    *at = result.unsigned_abs();
                }
            }
            "ftruncate" => {
                if let Some(Open::File { file, .. }) = open.get(&fd()) {
                    let (file, length) = (*file, number(1));
                    self.lengths.insert(file, length);
                    deeds.push(Deed::Cut { file, length });
                }
            }
            "fsync" | "fdatasync" => match open.get(&fd()) {
                Some(Open::File { file, .. }) => deeds.push(Deed::Sync {
                    file: *file,
                    worked: true,
                }),
                Some(Open::Folder(folder)) => deeds.push(Deed::SyncNames {
                    folder: folder.clone(),
                }),
                Some(Open::Memory) | None => {}
            },
            "rename" => self.rename(&text(arguments[0]), &text(arguments[1]), deeds),
            "renameat" | "renameat2" => {
                self.rename(&text(arguments[1]), &text(arguments[3]), deeds);
            }
            "linkat" => {
                let (from, to) = (text(arguments[1]), text(arguments[3]));
                if let Some(&file) = self.files.get(&from) {
                    self.files.insert(to.clone(), file);
                    deeds.push(Deed::Link { from, to });
                }
            }
            "unlink" => {
                let path = text(arguments[0]);
                if self.files.remove(&path).is_some() {
                    deeds.push(Deed::Unlink { path });
                }
            }
            "mkdir" => {
                let path = text(arguments[0]);
                if path.starts_with(&self.root) {
                    self.folders.push(path.clone());
                    deeds.push(Deed::MakeFolder { path });
                }
            }
            "mmap" => {
                let fd: i64 = arguments[4].parse().unwrap_or(-1);
                let writes = arguments[3].contains("MAP_SHARED") && arguments[2].contains("WRITE");
                assert!(
                    !(writes && matches!(open.get(&fd), Some(Open::File { .. }))),
                    "a file is written through memory: {arguments:?}"
                );
            }
            "writev" if matches!(fd(), 1 | 2) => {}
            _ => {
                let ours = open.contains_key(&fd())
                    || arguments.iter().any(|argument| {
                        argument.starts_with('"') && text(argument).starts_with(&self.root)
                    });
                assert!(!ours, "{name}{arguments:?} is not understood");
            }
        }
    }

    fn open(
        &mut self,
        path: &Path,
        flags: &str,
        result: i64,
        open: &mut HashMap<i64, Open>,
        deeds: &mut Vec<Deed>,
    ) {
        if !path.starts_with(&self.root) {
            return;
        }
        if self.folders.iter().any(|folder| folder == path) {
            open.insert(result, Open::Folder(path.to_path_buf()));
            return;
        }
        // SQLite's index of the log is made anew after a power cut.
        if path.to_string_lossy().ends_with("-shm") {
            open.insert(result, Open::Memory);
            return;
        }
        assert!(!flags.contains("O_APPEND"), "{}: appends", path.display());
        let file = match self.files.get(path) {
            Some(&file) => file,
            None => {
                let file = self.make(path);
                let path = path.to_path_buf();
                deeds.push(Deed::Create { path, file });
                file
            }
        };
        if flags.contains("O_TRUNC") && self.lengths[&file] > 0 {
            self.lengths.insert(file, 0);
            deeds.push(Deed::Cut { file, length: 0 });
        }
        open.insert(result, Open::File { file, at: 0 });
    }

    fn wrote(&mut self, file: usize, at: u64, data: &str, result: i64) -> Deed {
        let mut data = bytes(data);
        // A short write.
        data.truncate(usize::try_from(result).expect("small"));
        let length = self.lengths.entry(file).or_default();
        *length = (*length).max(at + data.len() as u64);
        Deed::Write { file, at, data }
    }

    fn rename(&mut self, from: &Path, to: &Path, deeds: &mut Vec<Deed>) {
        if let Some(file) = self.files.remove(from) {
            self.files.insert(to.to_path_buf(), file);
            deeds.push(Deed::Rename {
                from: from.to_path_buf(),
                to: to.to_path_buf(),
            });
        }
    }
}

/// Splits arguments at commas that are in no string and no bracket.
fn split(arguments: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0, false);
    for (at, letter) in arguments.bytes().enumerate() {
        match letter {
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth -= 1,
            b',' if !quoted && depth == 0 => {
                parts.push(arguments[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(arguments[from..].trim());
    parts
}

/// The bytes of a string that strace wrote with `-xx`.
fn bytes(argument: &str) -> Vec<u8> {
    let hex = argument
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_else(|| panic!("a whole string, not {argument}"));
    hex.as_bytes()
        .chunks(4)
        .map(|byte| {
            let digit = |at: usize| char::from(byte[at]).to_digit(16).expect("hexadecimal");
            u8::try_from(digit(2) * 16 + digit(3)).expect("two digits")
        })
        .collect()
}

fn text(argument: &str) -> PathBuf {
    PathBuf::from(String::from_utf8(bytes(argument)).expect("a path that is text"))
}
