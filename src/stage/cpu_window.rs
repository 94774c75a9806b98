//! Brings the painted picture into a window: shared memory of X11 or Wayland, no driver.
//!
//! Invariants:
//! - A frame counts as taken once the display server has it: on X11 the stage waits for its answer.
//! - What was painted while the window could not take it is handed over with the next frame.

use std::collections::VecDeque;
use std::num::NonZero;

use bevy::ecs::system::NonSendMarker;
use bevy::prelude::*;
use bevy::window::{PrimaryWindow, RawHandleWrapper, ThreadLockedRawWindowHandleWrapper};
use passerby_compose::slide::Area;
use raw_window_handle::RawDisplayHandle;
use softbuffer::{Context, Rect, Surface};

use crate::stage::cpu_presenter::{CpuSystems, Painted, SharedPainter};
use crate::stage::presenter::Uncovered;
use crate::stage::stage_error::{FirstFailure, StageError};

/// Most frames whose changes are remembered, for buffers that show an older one.
const FRAMES_BACK_MAX: usize = 4;

type Handle = ThreadLockedRawWindowHandleWrapper;

pub(super) fn plugin(app: &mut App) {
    app.insert_non_send(WindowSurface::default())
        .add_systems(Last, present.in_set(CpuSystems::Output));
    app.world_mut().resource_mut::<Painted>().in_memory = false;
}

/// The window's memory, once there is a window.
#[derive(Default)]
struct WindowSurface {
    surface: Option<Surface<Handle, Handle>>,
    size: (u32, u32),
    /// What the last frames have changed, the newest first.
    changes: VecDeque<Vec<Area>>,
    /// Whether the server answers once it has shown a frame.
    answers: bool,
}

fn present(
    windows: Query<&RawHandleWrapper, With<PrimaryWindow>>,
    painter: Res<SharedPainter>,
    verdict: Res<FirstFailure>,
    mut painted: ResMut<Painted>,
    mut uncovered: ResMut<Uncovered>,
    mut surface: NonSendMut<WindowSurface>,
    mut exit: MessageWriter<AppExit>,
    _main_thread: NonSendMarker,
) {
    painted.is_taken = false;
    let Some(window) = windows.iter().next().filter(|_| painted.began.is_some()) else {
        return;
    };
    let painter = painter.painter();
    let (size, pixels) = painter.picture();
    let whole = std::mem::take(&mut uncovered.0);
    match surface.show(window, size, pixels, &painted.areas, whole) {
        Ok(()) => {
            painted.is_taken = true;
            painted.areas.clear();
        }
        Err(reason) => {
            verdict.fail(StageError::OutputGone { reason });
            exit.write(AppExit::error());
        }
    }
}

impl WindowSurface {
    /// Hands over what has changed, or everything.
    fn show(
        &mut self,
        window: &RawHandleWrapper,
        size: (u32, u32),
        pixels: &[u8],
        areas: &[Area],
        whole: bool,
    ) -> Result<(), String> {
        let (Some(width), Some(height)) = (NonZero::new(size.0), NonZero::new(size.1)) else {
            return Ok(());
        };
        let surface = match &mut self.surface {
            Some(surface) => surface,
            None => {
                self.answers = matches!(
                    window.get_display_handle(),
                    RawDisplayHandle::Xlib(_) | RawDisplayHandle::Xcb(_)
                );
                self.surface.insert(open(window)?)
            }
        };
        let is_new = self.size != size;
        if is_new {
            surface.resize(width, height).map_err(said)?;
            self.size = size;
            self.changes.clear();
        }
        let all = Area::new(0, 0, size.0, size.1);
        let areas = if whole || is_new {
            vec![all]
        } else {
            areas.to_vec()
        };
        if areas.is_empty() {
            return Ok(());
        }
        self.changes.push_front(areas.clone());
        self.changes.truncate(FRAMES_BACK_MAX);
        let mut buffer = surface.buffer_mut().map_err(said)?;
        // What a buffer lacks that shows the frame before, or an older one.
        let age = usize::from(buffer.age());
        if age == 0 || age > self.changes.len() {
            copy(pixels, &mut buffer, size.0, all);
        } else {
            for area in self.changes.iter().take(age).flatten() {
                copy(pixels, &mut buffer, size.0, *area);
            }
        }
        let damage: Vec<Rect> = areas.iter().filter_map(|area| rect(*area)).collect();
        buffer.present_with_damage(&damage).map_err(said)?;
        if self.answers {
            // Asking for the buffer again waits until the server has done what it was told. Without
            // it the frame would lie in this process until something else is sent.
            surface.buffer_mut().map_err(said)?;
        }
        Ok(())
    }
}

/// Opens the way into a window.
#[allow(
    unsafe_code,
    reason = "Bevy gives a window's handle to those who promise to use it on the right thread"
)]
fn open(window: &RawHandleWrapper) -> Result<Surface<Handle, Handle>, String> {
    // SAFETY: both handles stay in a resource that only the main thread has, as the systems that
    // use it say. They keep the window alive for as long as they are.
    let (display, window) = unsafe { (window.get_handle(), window.get_handle()) };
    let context = Context::new(display).map_err(said)?;
    Surface::new(&context, window).map_err(said)
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn rect(area: Area) -> Option<Rect> {
    Some(Rect {
        x: area.x,
        y: area.y,
        width: NonZero::new(area.width)?,
        height: NonZero::new(area.height)?,
    })
}

/// Copies an area of the picture into a buffer of the same size, whose pixels are numbers of red,
/// green and blue.
fn copy(pixels: &[u8], buffer: &mut [u32], width: u32, area: Area) {
    let row = width as usize;
    let columns = area.x as usize..area.right() as usize;
    let rows = area.y as usize..area.bottom() as usize;
    for y in rows {
        let source = &pixels[(y * row + columns.start) * 4..(y * row + columns.end) * 4];
        let target = &mut buffer[y * row + columns.start..y * row + columns.end];
        for (target, source) in target.iter_mut().zip(source.chunks_exact(4)) {
            let rgba = u32::from_le_bytes([source[0], source[1], source[2], source[3]]);
            *target = (rgba & 0xff) << 16 | rgba & 0xff00 | rgba >> 16 & 0xff;
        }
    }
}
