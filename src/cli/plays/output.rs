//! Where a list goes: standard output, or a file that is there as a whole or not at all.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Stdout, Write};
use std::path::{Path, PathBuf};

use crate::cli::Failure;

/// See the module.
pub(super) enum Output {
    Standard(BufWriter<Stdout>),
    File {
        partial: PathBuf,
        path: PathBuf,
        file: BufWriter<File>,
    },
}

impl Output {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Standard(BufWriter::new(std::io::stdout())));
        };
        let partial = partial(path);
        match File::create(&partial) {
            Ok(file) => Ok(Self::File {
                partial,
                path: path.to_owned(),
                file: BufWriter::new(file),
            }),
            Err(error) => Err(Failure::Start(format!(
                "{}: cannot be written: {error}; choose a folder that exists and can be written",
                path.display()
            ))),
        }
    }

    /// Says why a write failed. Whoever reads standard output may have seen enough.
    pub(super) fn failure(&self, error: &std::io::Error) -> Failure {
        match self {
            Self::Standard(_) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
            Self::Standard(_) => {
                Failure::Start(format!("standard output cannot be written: {error}"))
            }
            Self::File { path, .. } => {
                Failure::Start(format!("{}: cannot be written: {error}", path.display()))
            }
        }
    }

    /// Gives the file its name, once all of it is on disk.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let finished = match &mut self {
            Self::Standard(out) => out.flush(),
            Self::File {
                partial,
                path,
                file,
            } => file.flush().and_then(|()| put_in_place(partial, path)),
        };
        finished.map_err(|error| self.failure(&error))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Self::File { partial, .. } = self {
            // It is gone when it was given its name.
            let _ = std::fs::remove_file(partial);
        }
    }
}

/// What a file is called until it is whole.
pub(super) fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Brings a file to disk and gives it its name.
pub(super) fn put_in_place(partial: &Path, path: &Path) -> std::io::Result<()> {
    File::open(partial)?.sync_all()?;
    std::fs::rename(partial, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
