//! What the threads of the terminal say to each other.

pub mod player_requests;
pub mod stage_messages;
