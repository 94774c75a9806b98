//! What winit does not tell of an X server: whether its screen has colours that can be drawn, and
//! when a part of the window has lost what stood there.
//!
//! winit hands on an exposed part as a request to redraw, which looks like those that the stage
//! makes itself; so a connection of its own listens for it. Without a compositor the server keeps
//! nothing of what another window has covered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bevy::prelude::*;
use bevy::window::{PrimaryWindow, RawHandleWrapper};
use raw_window_handle::RawWindowHandle;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt, EventMask, Window};

use crate::stage::channel::StageInbox;
use crate::stage::presenter::{Changed, Uncovered};
use crate::stage::stage_error::StageError;
use crate::stage::systems::KioskSystems;

/// Bits of colour that both presenters draw in.
const COLOUR_BITS: u8 = 24;
/// The same, with those that tell how opaque a pixel is.
const COLOUR_BITS_OPAQUE: u8 = 32;

/// Says whether the screen of an X server can show what is drawn. A server that cannot be reached
/// is left to winit, which says why.
pub(super) fn find_colours() -> Result<(), StageError> {
    let Ok((connection, screen)) = x11rb::connect(None) else {
        return Ok(());
    };
    let bits = connection.setup().roots.get(screen);
    match bits.map(|screen| screen.root_depth) {
        Some(bits) if ![COLOUR_BITS, COLOUR_BITS_OPAQUE].contains(&bits) => {
            Err(StageError::Colours { bits })
        }
        _ => Ok(()),
    }
}

/// Whether a part of the window was exposed since it was last asked.
#[derive(Resource, Default, Clone)]
struct Exposed(Arc<AtomicBool>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Exposed>()
        .add_systems(Update, follow_exposed.in_set(KioskSystems::Receive));
}

/// Has everything drawn again once a part of the window was exposed, and begins to listen for that
/// as soon as there is a window.
fn follow_exposed(
    windows: Query<&RawHandleWrapper, (With<PrimaryWindow>, Added<RawHandleWrapper>)>,
    exposed: Res<Exposed>,
    inbox: Res<StageInbox>,
    mut changed: ResMut<Changed>,
    mut all: ResMut<Uncovered>,
) {
    for handle in &windows {
        let window = match handle.get_window_handle() {
            RawWindowHandle::Xlib(handle) => Window::try_from(handle.window).ok(),
            RawWindowHandle::Xcb(handle) => Some(handle.window.get()),
            _ => None,
        };
        if let Some(window) = window {
            let (exposed, waker) = (exposed.clone(), inbox.waker.clone());
            let spawned = thread::Builder::new()
                .name("exposed".into())
                .spawn(move || {
                    // It ends with the server, and that is told by whoever draws there.
                    let _ = listen(window, || {
                        exposed.0.store(true, Ordering::Relaxed);
                        waker.wake();
                    });
                });
            if let Err(error) = spawned {
                error!("no thread that hears of uncovered parts of the window: {error}");
            }
        }
    }
    if exposed.0.swap(false, Ordering::Relaxed) {
        changed.0 = true;
        all.0 = true;
    }
}

/// Calls `exposed` whenever a part of a window has to be drawn again.
fn listen(window: Window, exposed: impl Fn()) -> Result<(), Box<dyn std::error::Error>> {
    let (connection, _) = x11rb::connect(None)?;
    let wanted = ChangeWindowAttributesAux::new().event_mask(EventMask::EXPOSURE);
    connection
        .change_window_attributes(window, &wanted)?
        .check()?;
    loop {
        // The last of those that belong together.
        if matches!(connection.wait_for_event()?, Event::Expose(event) if event.count == 0) {
            exposed();
        }
    }
}
