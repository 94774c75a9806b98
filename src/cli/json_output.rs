//! JSON on standard output.

use passerby_protocol::foreign;

use crate::cli::failure::Failure;

/// Writes a value as JSON in which everything that cannot be seen is escaped; it reads back as the
/// same value.
pub(super) fn json_line(value: &serde_json::Value) -> String {
    let written = value.to_string();
    if !foreign::has_hidden(&written) {
        return written;
    }
    let mut line = String::with_capacity(written.len() + 8);
    for c in written.chars() {
        // Outside of its texts JSON is ASCII.
        if !c.is_control() && (c.is_ascii() || !foreign::has_hidden(&c.to_string())) {
            line.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    line
}

/// Prints a value as one line; see [`json_line`].
pub(super) fn print_json_line(value: &serde_json::Value) -> Result<(), Failure> {
    use std::io::Write;
    match writeln!(std::io::stdout().lock(), "{}", json_line(value)) {
        // Whoever read us has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::Start(format!(
            "standard output cannot be written: {error}"
        ))),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_what_cannot_be_seen_escaped_and_reads_back_the_same() {
        for (text, written) in [
            ("三体 café", r#"{"campaign":"三体 café"}"#),
            ("=1\u{202e}2", r#"{"campaign":"=1\u202e2"}"#),
            (
                "a\u{e0041}\u{7f}\n",
                r#"{"campaign":"a\udb40\udc41\u007f\n"}"#,
            ),
        ] {
            let value = serde_json::json!({ "campaign": text });
            let line = json_line(&value);
            assert_eq!(line, written);
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&line).ok(),
                Some(value)
            );
        }
    }
}
