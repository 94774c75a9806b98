//! What comes of decoding.

/// A text and what it was saved in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text without a byte order mark.
    pub text: String,
    /// Such as `UTF-8`, `UTF-16LE` or `GBK`.
    pub encoding: &'static str,
    /// How many places were damaged and are one � each now.
    pub damaged: usize,
    /// The encoding was guessed from so few bytes, or such damaged ones, that the text may say
    /// something else.
    pub is_doubtful: bool,
}
