//! The terminal as a whole, with a real hub: real processes, real rendering, real files, real HTTP.

mod bad_input;
mod dependencies;
mod drawings;
#[path = "../frames/mod.rs"]
mod frames;
mod hub_on_glass;
mod kill;
mod last_frame;
mod licences;
mod new_folders;
mod one_judge;
mod parts;
mod preview;
mod proof_of_play;
mod story;
mod the_loop;
mod verify;
