//! Voices: what passers-by say to publishers, and what these say of it.
//!
//! Invariants: what a person said is in tables of its own, sealed, and has an end; that somebody
//! said something is a row of facts without words, which stays; a form that is sent twice is one
//! voice; only whoever a link belongs to leaves one under it; nobody reads or changes the voices of
//! a campaign outside the groups that they have to do with.

mod change;
mod forget;
mod read;
mod records;
mod say;
#[cfg(test)]
mod tests;

pub use crate::store::voices::records::{
    KeptVoice, KeptWords, NewVoice, OwnVoice, SaidVoice, SealedPicture, VoiceChange, VoiceFilter,
    VoiceRow, VoiceState,
};
pub use crate::store::voices::say::{OF_DAY_MAX, OF_VISIT_MAX};
