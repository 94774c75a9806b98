//! Why a film was not converted.

/// Says why there is no film.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// Nothing could be started or written.
    #[error("{0}")]
    System(String),
    /// ffmpeg makes nothing of it.
    #[error("it is no film that ffmpeg reads ({0}); export it anew")]
    Film(String),
    /// It took too long.
    #[error("it took longer than {0} s; make it shorter")]
    Late(u64),
    /// It ran out of memory, or was killed.
    #[error("ffmpeg broke off ({0}); make the film smaller, or export it anew")]
    Broke(String),
    /// What came out is larger than screens take.
    #[error("the new film would have more than {0} MiB; make it shorter")]
    TooLarge(u64),
    /// There is a file of this name already.
    #[error("{0} is there already; name another file")]
    Known(String),
    /// Somebody wanted it no more.
    #[error("it was given up")]
    Cancelled,
}
