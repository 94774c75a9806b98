//! Films of drafts on their way to what screens play well: which wait, who is at which, and what
//! became of them.
//!
//! Invariants: who is at a film has claimed it, and nobody else is for [`CLAIM_MS`] after they have
//! last said so; what is made takes the place of what came in one transaction, or not at all; a
//! draft is not published while a film of it is open; people have their turns, whoever hands in
//! many films.

mod records;
#[cfg(test)]
mod tests;
mod work;

pub(in crate::store) use crate::store::films::records::{has_open, has_room, of_campaign, take_up};

pub use crate::store::films::records::{FILMS_OF_ONE_MAX, FILMS_OPEN_MAX, FilmJob, FilmState};
pub use crate::store::films::work::{CLAIM_MS, ClaimedFilm, MadeFilm};
