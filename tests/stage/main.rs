//! The stage as the player sees it: real rendering on whatever Vulkan there is, real files, real
//! windows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod capture;
mod commands;
mod display;
mod first_frame;
#[path = "../frames/mod.rs"]
mod frames;
mod player;
mod slides;
mod wayland;
mod windows;
