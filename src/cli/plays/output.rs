//! Where a list goes: standard output, or a file that is there as a whole or not at all.

use std::io::{BufWriter, ErrorKind, IntoInnerError, Stdout, Write};
use std::path::{Path, PathBuf};

use passerby_folder::durable_file::{SHARED_MODE, UnfinishedFile};

use crate::cli::failure::Failure;

/// See the module.
pub(super) enum Output {
    Standard(BufWriter<Stdout>),
    File {
        path: PathBuf,
        file: BufWriter<UnfinishedFile>,
    },
}

impl Output {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Standard(BufWriter::new(std::io::stdout())));
        };
        match UnfinishedFile::create(path, SHARED_MODE) {
            Ok(file) => Ok(Self::File {
                path: path.to_owned(),
                file: BufWriter::new(file),
            }),
            Err(error) => Err(Failure::Start(format!(
                "{}: cannot be written: {error}; choose a folder that exists and can be written",
                path.display()
            ))),
        }
    }

    /// Says why a write failed.
    pub(super) fn failure(&self, error: &std::io::Error) -> Failure {
        match self {
            Self::Standard(_) => standard_failure(error),
            Self::File { path, .. } => file_failure(path, error),
        }
    }

    /// Gives the file its name, once all of it is on disk.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Standard(mut out) => out.flush().map_err(|error| standard_failure(&error)),
            Self::File { path, file } => file
                .into_inner()
                .map_err(IntoInnerError::into_error)
                .and_then(UnfinishedFile::finish)
                .map_err(|error| file_failure(&path, &error)),
        }
    }
}

/// Whoever reads standard output may have seen enough.
fn standard_failure(error: &std::io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    Failure::Start(format!("standard output cannot be written: {error}"))
}

fn file_failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Start(format!("{}: cannot be written: {error}", path.display()))
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
