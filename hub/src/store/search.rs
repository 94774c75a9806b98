//! Texts that people look for.

/// Returns a pattern for `LIKE … ESCAPE '!'` that finds a text anywhere in a lower-case one. Of
/// letters beyond ASCII SQLite knows no case.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.trim().to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
