//! Films of drafts, made ready for screens by ffmpeg, one at a time.
//!
//! ```text
//! upload ─▶ draft ─▶ film_jobs ─claim─▶ Service ─▶ Converter ─▶ passerby-hub convert-film = ffmpeg
//!             ▲                           │ share done, once a second
//!             └──── the new film, its row and its name in one transaction
//! ```
//!
//! What screens play well as it is stays as it is, byte by byte. Of what is made anew the original
//! goes once the new film has its place: see `docs/decisions/2026-11-30-films-made-anew.md`.

mod room;
pub mod service;
