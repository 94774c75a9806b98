//! What airs next, and why: pure functions of the moment, of what has aired and of what programs
//! report.

pub mod adaptive;
pub mod live_context;
pub mod rotation;
pub mod timeline;
