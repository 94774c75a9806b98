//! What holds for both presenters, without a GPU.

#![allow(
    clippy::duplicate_mod,
    reason = "both presenters are to pass the same tests"
)]

#[path = "../change.rs"]
mod change;
#[path = "../housekeeping.rs"]
mod housekeeping;
#[path = "../moving/mod.rs"]
mod moving;
#[path = "../zones.rs"]
mod zones;

use super::*;

fn start() -> SteppedStage {
    start_with((WIDTH_PX, HEIGHT_PX), [0; 3])
}

fn start_with(size: (u32, u32), background: [u8; 3]) -> SteppedStage {
    SteppedStage::start_with(DrawWith::Cpu, size, background)
}
