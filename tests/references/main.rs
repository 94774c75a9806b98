//! The pages of docs/reference that are about both programs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod commands;
mod http;
mod page;

use passerby_testing::package_folder;
use passerby_testing::references::hold;

#[test]
fn commands_are_told_as_the_programs_tell_them() {
    hold(&package_folder(), "commands.md", &commands::page());
}

#[test]
fn calls_are_told_as_the_routers_have_them() {
    hold(&package_folder(), "http.md", &http::page());
}
