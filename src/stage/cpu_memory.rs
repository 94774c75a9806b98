//! The output of the presenter without a GPU where there is no window: a picture in memory.

use std::time::Instant;

use bevy::prelude::*;
use passerby_playout::messages::stage_messages::Snapshot;

use crate::stage::cpu_picture::Memory;
use crate::stage::cpu_presenter::{CpuSystems, Painted, SharedPainter};
use crate::stage::frame_observer::{Holdings, ReadFrame};
use crate::stage::presenter::{Output, Presenter};
use crate::stage::store::NextFrame;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Memory>()
        .add_systems(Last, paint.in_set(CpuSystems::Output));
}

fn paint(
    presenter: Res<Presenter>,
    next: Res<NextFrame>,
    output: Res<Output>,
    painter: Res<SharedPainter>,
    mut memory: ResMut<Memory>,
    mut painted: ResMut<Painted>,
) {
    *painted = Painted::default();
    let Some(size_px) = output.size_px.filter(|_| presenter.frame().is_drawing()) else {
        return;
    };
    painted.began = Some(Instant::now());
    let size = (size_px.x, size_px.y);
    // The painter paints all of a size that it has not painted before.
    let pixels = memory.of_size(size);
    painter.painter().paint(&next.0, size, pixels, &[]);
    painted.is_taken = true;
}

/// Shows painted frames to an observer.
pub(super) struct MemoryReader;

impl ReadFrame for MemoryReader {
    fn read(&mut self, app: &App) -> Result<(Snapshot, Holdings), String> {
        let world = app.world();
        let held = Holdings {
            textures: world.resource::<SharedPainter>().painter().slides(),
            ..default()
        };
        let frame = world.resource::<Memory>().raw_frame();
        Ok((frame.into_snapshot(Vec::new()), held))
    }
}
