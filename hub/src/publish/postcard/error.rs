//! Why there is no postcard.

/// Says why there is no postcard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PostcardError {
    /// So many wait that one more is asked to come again.
    #[error("too many postcards wait to be drawn")]
    Busy,
    /// No process could be started.
    #[error("no postcard can be drawn: `passerby-hub draw-postcards` does not run ({0})")]
    Start(String),
    /// The process took too long, and was ended.
    #[error("a postcard took too long")]
    Late,
    /// It was killed, or answered nonsense.
    #[error("the program that draws postcards broke off")]
    Broke,
    /// It gave a reason.
    #[error("a postcard was not drawn: {0}")]
    Refused(String),
}
