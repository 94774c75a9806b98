//! Paints into a window: shared memory of X11 or Wayland, no driver.
//!
//! Invariants:
//! - A frame counts as taken once the display server has answered that it has it. An X server has
//!   then put it on the screen, a Wayland compositor shows it with its own next frame.
//! - Nothing is painted into memory that the display server may still read.

use std::collections::VecDeque;
use std::num::NonZero;
use std::time::Instant;

use bevy::ecs::system::NonSendMarker;
use bevy::prelude::*;
use bevy::window::{PrimaryWindow, RawHandleWrapper, ThreadLockedRawWindowHandleWrapper};
use passerby_compose::slide::Area;
use passerby_paint::{Frame, Painter};
use raw_window_handle::RawDisplayHandle;
use softbuffer::{Context, Rect, Surface};
use wayland_client::Connection;
use wayland_client::backend::Backend;

use crate::stage::cpu_presenter::{CpuSystems, Painted, SharedPainter};
use crate::stage::presenter::{Output, Presenter, Uncovered};
use crate::stage::stage_error::{FirstFailure, StageError};
use crate::stage::store::NextFrame;

/// Most frames whose changes are remembered, for buffers that show an older one.
const FRAMES_BACK_MAX: usize = 4;

type Handle = ThreadLockedRawWindowHandleWrapper;

pub(super) fn plugin(app: &mut App) {
    app.insert_non_send(WindowSurface::default())
        .add_systems(Last, present.in_set(CpuSystems::Output));
}

/// The window's memory, once there is a window.
#[derive(Default)]
struct WindowSurface {
    surface: Option<Surface<Handle, Handle>>,
    size: (u32, u32),
    /// What the last frames have changed, the newest first.
    changes: VecDeque<Vec<Area>>,
    server: Server,
}

/// What shows the window, and how it says that it has a frame.
#[derive(Default)]
enum Server {
    /// Has no way to say so.
    #[default]
    Silent,
    /// Answers whoever asks for the buffer again, once it has done what it was told before.
    X11,
    /// Answers whoever asks whether it has done what it was told before.
    Wayland(Connection),
}

fn present(
    windows: Query<&RawHandleWrapper, With<PrimaryWindow>>,
    (presenter, output, next): (Res<Presenter>, Res<Output>, Res<NextFrame>),
    painter: Res<SharedPainter>,
    verdict: Res<FirstFailure>,
    mut painted: ResMut<Painted>,
    mut uncovered: ResMut<Uncovered>,
    mut surface: NonSendMut<WindowSurface>,
    mut exit: MessageWriter<AppExit>,
    _main_thread: NonSendMarker,
) {
    *painted = Painted::default();
    let size = output.size_px.filter(|_| presenter.frame().is_drawing());
    let Some((window, size)) = windows.iter().next().zip(size) else {
        return;
    };
    painted.began = Some(Instant::now());
    let whole = std::mem::take(&mut uncovered.0);
    let shown = surface.show(
        window,
        &mut painter.painter(),
        &next.0,
        (size.x, size.y),
        whole,
    );
    match shown {
        Ok(()) => painted.is_taken = true,
        Err(reason) => {
            verdict.fail(StageError::OutputGone { reason });
            exit.write(AppExit::error());
        }
    }
}

impl WindowSurface {
    /// Paints a frame and hands over what it has changed, or everything.
    fn show(
        &mut self,
        window: &RawHandleWrapper,
        painter: &mut Painter,
        frame: &Frame,
        size: (u32, u32),
        whole: bool,
    ) -> Result<(), String> {
        let (Some(width), Some(height)) = (NonZero::new(size.0), NonZero::new(size.1)) else {
            return Ok(());
        };
        let surface = match &mut self.surface {
            Some(surface) => surface,
            None => {
                self.server = Server::of(window);
                self.surface.insert(open(window)?)
            }
        };
        let all = Area::new(0, 0, size.0, size.1);
        let is_new = self.size != size;
        if is_new {
            surface.resize(width, height).map_err(said)?;
            self.size = size;
            self.changes.clear();
        }
        let mut buffer = surface.buffer_mut().map_err(said)?;
        // What a buffer lacks that shows the frame before the last, or an older one.
        let age = usize::from(buffer.age());
        let stale: Vec<Area> = match age.checked_sub(1) {
            Some(missed) if missed <= self.changes.len() => self
                .changes
                .iter()
                .take(missed)
                .flatten()
                .copied()
                .collect(),
            _ => vec![all],
        };
        let pixels = bytemuck::cast_slice_mut(&mut buffer);
        let mut areas = painter.paint(frame, size, pixels, &stale);
        if whole || is_new {
            areas = vec![all];
        }
        if areas.is_empty() {
            return Ok(());
        }
        let damage: Vec<Rect> = areas.iter().filter_map(|area| rect(*area)).collect();
        self.changes.push_front(areas);
        self.changes.truncate(FRAMES_BACK_MAX);
        buffer.present_with_damage(&damage).map_err(said)?;
        // Without this the frame might lie in this process until something else is sent.
        match &self.server {
            Server::Silent => {}
            Server::X11 => {
                surface.buffer_mut().map_err(said)?;
            }
            Server::Wayland(connection) => {
                connection.roundtrip().map_err(said)?;
            }
        }
        Ok(())
    }
}

impl Server {
    /// The one that shows a window.
    #[allow(
        unsafe_code,
        reason = "winit gives its connection to a compositor as a pointer only"
    )]
    fn of(window: &RawHandleWrapper) -> Self {
        match window.get_display_handle() {
            RawDisplayHandle::Xlib(_) | RawDisplayHandle::Xcb(_) => Self::X11,
            RawDisplayHandle::Wayland(handle) => {
                // SAFETY: winit keeps the connection open while the event loop runs, which is
                // longer than this value lives: it is a resource of the app that the loop updates.
                let backend =
                    unsafe { Backend::from_foreign_display(handle.display.as_ptr().cast()) };
                Self::Wayland(Connection::from_backend(backend))
            }
            _ => Self::Silent,
        }
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
