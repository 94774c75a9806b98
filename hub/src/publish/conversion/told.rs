//! What is told of a film on its way, in the sentences that are kept. Pages know each of them in
//! both languages.

/// It is longer than any that is made ready.
pub const LONG: &str = "it is longer than an hour; cut it";
/// ffmpeg cannot bring its colours into what screens show.
pub const PALE: &str =
    "its colours may look pale: the hub's ffmpeg lacks the filters zscale and tonemap";
/// It waits: nothing can be written.
pub const NOT_WRITTEN: &str = "the hub cannot write its files";
/// It waits: nothing can be started or written.
pub const NOT_STARTED: &str = "the hub cannot start ffmpeg, or write its files";
/// It waits for room.
pub const DISK_FULL: &str = "the hub's disk is too full";
/// Process after process ended while it was at work on it.
pub const ENDED_OVER: &str =
    "the hub was ended over it several times; make it smaller, or export it anew";
/// What came out had to be made anew as well; a reason follows.
pub const NO_BETTER: &str = "what was made of it is no better: ";
