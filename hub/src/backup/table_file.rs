//! One table of a backup: a first line that names its columns, then its rows, compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::Path;

use passerby_folder::durable_file::PRIVATE_MODE;
use passerby_folder::regular_file;
use passerby_protocol::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::os::unix::fs::OpenOptionsExt as _;

use crate::backup::contents::{BackupError, failed};
use crate::database::Value;
use crate::store::copying::export::Snapshot;
use crate::store::copying::import::Import;
use crate::store::copying::ranges::Total;
use crate::store::copying::rows;
use crate::store::copying::tables::{Kind, Table};

/// How hard zstd tries: its own default.
const LEVEL: i32 = 3;
/// Longest line that is read: a thumbnail, or a campaign as JSON, is far shorter.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Rows that are stored at one time.
const ROWS_AT_ONCE: usize = 10_000;
/// Bytes of lines after which they are stored, however few they are.
const BYTES_AT_ONCE: usize = 4 << 20;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    table: String,
    /// Names with kinds.
    columns: Vec<(String, String)>,
}

/// A file whose content is hashed on its way.
struct HashedFile {
    file: File,
    hasher: Sha256,
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Makes a new, private file.
pub(super) fn make_file(path: &Path) -> Result<File, BackupError> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(PRIVATE_MODE)
        .open(path)
        .map_err(failed("write", path))
}

/// Writes a table; returns how many rows it has, the digest of their lines, and that of the file.
///
/// # Errors
/// The database or the disk fails.
pub(super) fn write(
    snapshot: &Snapshot<'_, '_>,
    table: &Table,
    path: &Path,
) -> Result<(u64, Digest, Digest), BackupError> {
    let failed = || failed("write", path);
    let file = HashedFile {
        file: make_file(path)?,
        hasher: Sha256::new(),
    };
    let encoder = zstd::Encoder::new(file, LEVEL).map_err(failed())?;
    let mut out = BufWriter::new(encoder);
    let columns = table.columns.iter();
    let header = Header {
        table: table.name.to_owned(),
        columns: columns
            .map(|(name, kind)| ((*name).to_owned(), kind.name().to_owned()))
            .collect(),
    };
    serde_json::to_writer(&mut out, &header)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(failed())?;
    let mut total = Total::default();
    snapshot.lines(table, |line| {
        total.add(line);
        out.write_all(line).map_err(failed())
    })?;
    let file = out
        .into_inner()
        .map_err(io::IntoInnerError::into_error)
        .and_then(zstd::Encoder::finish)
        .map_err(failed())?;
    file.file.sync_all().map_err(failed())?;
    let (rows, digest) = total.end();
    Ok((rows, digest, Digest(file.hasher.finalize().into())))
}

/// A table's file, opened.
pub(super) struct TableFile {
    lines: BufReader<zstd::Decoder<'static, BufReader<File>>>,
    names: Vec<String>,
    kinds: Vec<Kind>,
}

impl TableFile {
    /// Opens the file of a table and reads its first line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn open(path: &Path, table: &str) -> Result<Self, String> {
        let opened = regular_file::open_within(path).map_err(|error| error.to_string())?;
        let decoder = zstd::Decoder::new(opened.into_file()).map_err(|error| error.to_string())?;
        let mut file = Self {
            lines: BufReader::new(decoder),
            names: Vec::new(),
            kinds: Vec::new(),
        };
        let mut line = Vec::new();
        file.next_line(&mut line)?;
        let no_header = || "its first line does not name its columns".to_owned();
        let header: Header = serde_json::from_slice(&line).map_err(|_| no_header())?;
        if header.table != table || !is_name(table) {
            return Err(format!("it holds the table {:?}", header.table));
        }
        for (name, kind) in header.columns {
            let kind = Kind::of_name(&kind).ok_or_else(no_header)?;
            if !is_name(&name) {
                return Err(no_header());
            }
            file.names.push(name);
            file.kinds.push(kind);
        }
        Ok(file)
    }

    /// Counts the rows and makes the digest of their lines.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn total(mut self) -> Result<(u64, Digest), String> {
        let (mut total, mut line) = (Total::default(), Vec::new());
        while self.next_line(&mut line)? {
            total.add(&line);
        }
        Ok(total.end())
    }

    /// Stores all rows.
    ///
    /// # Errors
    /// The file is damaged, or the database fails.
    pub(super) fn load(mut self, table: &str, import: &Import<'_, '_>) -> Result<(), BackupError> {
        let names = std::mem::take(&mut self.names);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let damaged = |said: &str| BackupError::Damaged(vec![format!("{table}: {said}")]);
        let (mut rows, mut bytes, mut line) = (Vec::<Vec<Value<'static>>>::new(), 0, Vec::new());
        loop {
            let is_row = self.next_line(&mut line).map_err(|said| damaged(&said))?;
            if is_row {
                let row = rows::parse(&line, &self.kinds);
                rows.push(row.ok_or_else(|| damaged("a row has other columns"))?);
                bytes += line.len();
            }
            if !is_row || rows.len() == ROWS_AT_ONCE || bytes >= BYTES_AT_ONCE {
                import.append(table, &names, &rows)?;
                rows.clear();
                bytes = 0;
            }
            if !is_row {
                return Ok(());
            }
        }
    }

    /// Reads the next line with its end; false when there is none.
    fn next_line(&mut self, line: &mut Vec<u8>) -> Result<bool, String> {
        line.clear();
        let mut bounded = self.lines.by_ref().take(LINE_BYTES_MAX);
        bounded
            .read_until(b'\n', line)
            .map_err(|error| format!("it cannot be unpacked: {error}"))?;
        match line.last() {
            None => Ok(false),
            Some(b'\n') => Ok(true),
            Some(_) => Err("its last line is cut short".to_owned()),
        }
    }
}

/// Whether a text is a name as our tables and columns have it.
fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    !text.is_empty() && text.bytes().all(is_letter)
}
