//! Why a command of the terminal ends early.

use passerby_protocol::toml_fields::Problem;

/// Why a command ends early. The texts have been made for people; each is printed once, here.
#[derive(Debug)]
pub(super) enum Failure {
    /// Exit 2: bad input or settings.
    Input(Vec<Problem>),
    /// Exit 3: cannot start.
    Start(String),
    /// Exit 4: not enrolled.
    NotEnrolled(String),
}
