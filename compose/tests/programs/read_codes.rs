//! Reads the codes of pictures with rqrr: one file name a line on standard input, one JSON array of
//! texts a line out.
//!
//! Invariants: each line in has exactly one line out, written before the next is read, so that
//! another program can ask picture by picture; a picture that cannot be read, or a code that does
//! not decode, is no text and no end.
//!
//! `scripts/camera` runs it as one of its decoders.

use std::io::{self, BufRead, Write};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let texts = read(&line?);
        serde_json::to_writer(&mut out, &texts)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

/// Reads every code of one picture.
fn read(file: &str) -> Vec<String> {
    let grey = match image::open(file) {
        Ok(picture) => picture.into_luma8(),
        Err(error) => {
            eprintln!("{file}: {error}");
            return Vec::new();
        }
    };
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(
        grey.width() as usize,
        grey.height() as usize,
        |x, y| grey.as_raw()[y * grey.width() as usize + x],
    );
    let grids = prepared.detect_grids();
    grids
        .iter()
        .filter_map(|grid| grid.decode().ok())
        .map(|(_, text)| text)
        .collect()
}
