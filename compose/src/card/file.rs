//! Reads the small text file of a card or a ticker.

use std::fs::File;
use std::io::Read;

use passerby_playout::show::{ComposeError, CreativeFile};
use passerby_protocol::Digest;
use passerby_protocol::limits::TOML_BYTES_MAX;
use passerby_protocol::toml_fields::Problem;

/// Reads a text creative, which must still have the content that it was scheduled with.
pub(crate) fn read(file: &CreativeFile) -> Result<String, ComposeError> {
    let says = |what: String| ComposeError(format!("{}: {what}", file.name));
    let mut bytes = Vec::new();
    File::open(&file.path)
        .and_then(|open| open.take(TOML_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| says(format!("it cannot be read ({error}); put it back")))?;
    if bytes.len() as u64 > TOML_BYTES_MAX {
        let most = TOML_BYTES_MAX >> 10;
        return Err(says(format!("it is larger than {most} KiB; shorten it")));
    }
    if Digest::of(&bytes) != file.digest {
        let what = "the file changed on disk since it was scheduled; reload the content, or put the old file back";
        return Err(says(what.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| says("it is not UTF-8 text; save it as UTF-8".to_owned()))
}

/// The first of some problems; the file's other problems are for `passerby check`.
pub(crate) fn refused(problems: &[Problem]) -> ComposeError {
    let first = problems.first().map(ToString::to_string);
    ComposeError(first.unwrap_or_else(|| "it cannot be read; write it anew".to_owned()))
}
