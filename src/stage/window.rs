//! The stage in a window: borderless over the whole primary monitor, or of a given size.
//!
//! Invariants:
//! - Nobody's mouse makes the stage draw: updates that window events cause draw only when the
//!   picture is affected.
//! - Fullscreen does not need a window manager: the window is given the monitor's size before it
//!   asks for the state.
//! - One texel of a slide is one pixel of the output, on any display scale.

use std::thread;
use std::time::{Duration, Instant};

use bevy::camera::RenderTarget;
use bevy::ecs::system::NonSendMarker;
use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::prelude::*;
use bevy::window::{
    CursorOptions, Monitor, PresentMode, PrimaryMonitor, PrimaryWindow, RawHandleWrapper,
    RequestRedraw, WindowCloseRequested, WindowDestroyed, WindowMode, WindowOccluded, WindowRef,
    WindowResolution,
};
use bevy::winit::{EventLoopProxyWrapper, UpdateMode, WINIT_WINDOWS, WinitSettings};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use passerby_playout::messages::stage_messages::StageEvent;

use crate::stage::agenda::{Agenda, Next};
use crate::stage::app::StageParts;
use crate::stage::channel::{EventSender, StageInbox};
use crate::stage::cpu_presenter::{CpuSystems, Pace};
use crate::stage::cpu_window;
use crate::stage::exit_guard::ExitWatch;
use crate::stage::gpu_presenter::Target;
use crate::stage::guard::{guarded, guarded_quietly};
use crate::stage::presenter::{Changed, Output, Uncovered};
use crate::stage::stage_error::StageError;
use crate::stage::systems::KioskSystems;
use crate::stage::time::Now;
use crate::stage::x11;

/// How long the size of the monitor is believed: to ask for it takes as long as much else of an
/// update.
const MONITOR_KNOWN: Duration = Duration::from_millis(250);
/// How often a stage at rest asks for it: a Wayland compositor tells a window nothing of a monitor
/// that has changed.
const MONITOR_LOOK: Duration = Duration::from_secs(5);
/// How long the next frame is waited for on the window's own thread, which hears of nothing else
/// meanwhile but the player.
const NEAR_MAX: Duration = Duration::from_millis(40);
/// How long the stage waits to be told of a monitor before it opens a window without.
const MONITOR_WAIT: Duration = Duration::from_secs(1);

/// Says whether there is a display to open a window on.
pub(super) fn find_display() -> Result<(), StageError> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // The first that winit tries.
    if ["WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(set) {
        return Ok(());
    }
    if set("DISPLAY") {
        return x11::find_colours();
    }
    Err(StageError::NoDisplay {
        reason: "neither DISPLAY nor WAYLAND_DISPLAY is set".into(),
    })
}

/// Runs the stage until something ends it.
pub(super) fn run(parts: StageParts) -> Result<(), StageError> {
    // winit's plugin panics when it cannot reach the display.
    let event_sender = parts.event_sender.clone();
    let mut app = guarded_quietly(|| build(parts)).map_err(|reason| StageError::NoDisplay {
        reason: without_place(&reason),
    })?;
    let _watch = ExitWatch::over_this_thread(event_sender);
    match guarded(|| app.run()) {
        Ok(AppExit::Success) => Ok(()),
        // Kept for when nobody has said why: the window system's event loop has ended by itself.
        Ok(AppExit::Error(status)) => Err(StageError::OutputGone {
            reason: format!("its event loop ended with status {status}"),
        }),
        Err(reason) => Err(StageError::Broken { reason }),
    }
}

/// What winit says of a display that it cannot reach, without the line of its source.
fn without_place(reason: &str) -> String {
    let place = reason.find("line: ").zip(reason.find("error: "));
    match place {
        Some((from, to)) if from < to => format!("{}{}", &reason[..from], &reason[to..]),
        _ => reason.to_owned(),
    }
}

fn build(parts: StageParts) -> App {
    let wanted = Wanted {
        size: parts.config.size,
        title: parts.config.title.clone(),
        since: parts.started,
    };
    let mut app = App::new();
    let on_gpu = parts.gpu.is_some();
    parts.install(&mut app, |plugins| plugins);
    if on_gpu {
        app.insert_resource(Target(RenderTarget::Window(WindowRef::Primary)));
    } else {
        app.add_plugins(cpu_window::plugin);
    }
    app.add_plugins(x11::plugin);
    // Sleeps for ever; window events and the waker wake it.
    let sleep = UpdateMode::Reactive {
        wait: Duration::MAX,
        react_to_device_events: false,
        react_to_user_events: true,
        react_to_window_events: true,
    };
    let waker = app.world().resource::<StageInbox>().waker.clone();
    waker.connect((**app.world().resource::<EventLoopProxyWrapper>()).clone());
    app.insert_resource(WinitSettings {
        focused_mode: sleep,
        unfocused_mode: sleep,
    })
    .insert_resource(wanted)
    .insert_resource(Alarm::start(move || waker.wake()))
    .add_systems(
        Update,
        (
            open,
            take_real_size,
            fill_monitor,
            follow_monitor,
            measure,
            watch,
        )
            .chain()
            .in_set(KioskSystems::Receive),
    )
    .add_systems(Last, set_alarm.after(CpuSystems::Report));
    app
}

/// The window to open.
#[derive(Resource)]
struct Wanted {
    size: Option<(u32, u32)>,
    title: String,
    since: Instant,
}

/// Marks a window that is yet to be made fullscreen.
#[derive(Component)]
struct FillMonitor;

/// Opens the window as soon as the monitor is known.
fn open(
    mut commands: Commands,
    now: Res<Now>,
    wanted: Res<Wanted>,
    windows: Query<(), With<PrimaryWindow>>,
    primary: Query<&Monitor, With<PrimaryMonitor>>,
    any: Query<&Monitor>,
    mut agenda: ResMut<Agenda>,
    mut opened: Local<bool>,
) {
    if *opened || !windows.is_empty() {
        return;
    }
    let monitor = primary.iter().chain(any.iter()).next();
    if wanted.size.is_none() && monitor.is_none() && now.0 - wanted.since < MONITOR_WAIT {
        agenda.wake_at(now.0 + MONITOR_WAIT / 20);
        return;
    }
    *opened = true;
    let fullscreen = wanted.size.is_none();
    let (width_px, height_px) = wanted
        .size
        .or(monitor.map(|m| (m.physical_width, m.physical_height)))
        .unwrap_or((1280, 720));
    let position = match monitor {
        Some(monitor) if fullscreen => WindowPosition::At(monitor.physical_position),
        _ => WindowPosition::Automatic,
    };
    let mut window = commands.spawn((
        Window {
            title: wanted.title.clone(),
            name: Some("passerby".into()),
            resolution: WindowResolution::new(width_px, height_px).with_scale_factor_override(1.0),
            position,
            decorations: !fullscreen,
            present_mode: PresentMode::Fifo,
            ..default()
        },
        CursorOptions {
            visible: false,
            ..default()
        },
        PrimaryWindow,
    ));
    if fullscreen {
        window.insert(FillMonitor);
    }
}

/// Takes a new window's size from the window system. Bevy multiplies the size that it asked for by
/// the display's scale, even where the scale is overridden; on a display of scale 2 three quarters
/// of the picture would lie off the screen.
fn take_real_size(
    mut windows: Query<(Entity, &mut Window), Added<RawHandleWrapper>>,
    _main_thread: NonSendMarker,
) {
    for (entity, mut window) in &mut windows {
        let real = WINIT_WINDOWS
            .with_borrow(|known| known.get_window(entity).map(|real| real.inner_size()));
        if let Some(real) = real
            && real.width.min(real.height) > 0
            && window.physical_size() != UVec2::new(real.width, real.height)
        {
            window
                .resolution
                .set_physical_resolution(real.width, real.height);
        }
    }
}

/// Asks for fullscreen once the window exists: where nobody answers, it covers the monitor already.
/// Asking earlier would make winit forget the size.
fn fill_monitor(
    mut commands: Commands,
    mut windows: Query<(Entity, &mut Window), (With<FillMonitor>, With<RawHandleWrapper>)>,
) {
    for (entity, mut window) in &mut windows {
        window.mode = WindowMode::BorderlessFullscreen(MonitorSelection::Primary);
        commands.entity(entity).remove::<FillMonitor>();
    }
}

/// Follows the monitor when it changes its size. Where there is a window manager it has done so
/// already; Bevy keeps the size that it saw first.
fn follow_monitor(
    wanted: Res<Wanted>,
    mut windows: Query<(Entity, &mut Window), With<PrimaryWindow>>,
    (now, mut agenda): (Res<Now>, ResMut<Agenda>),
    mut last: Local<Option<(UVec2, IVec2)>>,
    mut asked: Local<Option<Instant>>,
    _main_thread: NonSendMarker,
) {
    if wanted.size.is_some() {
        return;
    }
    if let Some(next) = asked.map(|asked| asked + MONITOR_KNOWN)
        && now.0 < next
    {
        agenda.wake_at(next);
        return;
    }
    *asked = Some(now.0);
    agenda.wake_at(now.0 + MONITOR_LOOK);
    for (entity, mut window) in &mut windows {
        let monitor = WINIT_WINDOWS.with_borrow(|known| {
            let known = known.get_window(entity)?;
            let monitor = known
                .primary_monitor()
                .or_else(|| known.available_monitors().next())?;
            let (size, at) = (monitor.size(), monitor.position());
            Some((UVec2::new(size.width, size.height), IVec2::new(at.x, at.y)))
        });
        let Some((size_px, at)) = monitor.filter(|(size_px, _)| size_px.min_element() > 0) else {
            continue;
        };
        if last
            .replace((size_px, at))
            .is_some_and(|before| before != (size_px, at))
        {
            info!("the monitor has {}x{} pixels now", size_px.x, size_px.y);
            window
                .resolution
                .set_physical_resolution(size_px.x, size_px.y);
            window.position = WindowPosition::At(at);
            // A Wayland compositor alone says how large a window is, and says it anew when it is
            // asked for fullscreen once more.
            WINIT_WINDOWS.with_borrow(|known| {
                if let Some(real) = known.get_window(entity) {
                    real.set_fullscreen(real.fullscreen());
                }
            });
        }
    }
}

fn measure(
    windows: Query<(Entity, &Window), (With<PrimaryWindow>, With<RawHandleWrapper>)>,
    mut output: ResMut<Output>,
    _main_thread: NonSendMarker,
) {
    let size_px = windows
        .iter()
        .next()
        .map(|(entity, window)| (entity, window.physical_size()));
    // A minimised window has no size; the last one stays good.
    if let Some((entity, size_px)) = size_px
        && size_px.min_element() > 0
        && output.size_px != Some(size_px)
    {
        output.size_px = Some(size_px);
        let monitor = WINIT_WINDOWS.with_borrow(|known| {
            let monitor = known.get_window(entity)?.current_monitor()?;
            let beat = monitor
                .refresh_rate_millihertz()
                .map(|beat| format!(", at {:.2} Hz", f64::from(beat) / 1e3));
            let (at, scale) = (monitor.position(), monitor.scale_factor());
            let beat = beat.unwrap_or_default();
            Some(format!(
                " at {},{}, on a monitor of scale {scale}{beat}",
                at.x, at.y
            ))
        });
        // Some displays tell nothing of themselves.
        let monitor = monitor.unwrap_or_default();
        info!("the window has {}x{} pixels{monitor}", size_px.x, size_px.y);
    }
}

/// Watches for what makes a redraw necessary, and for the operator leaving.
fn watch(
    mut uncovered: MessageReader<WindowOccluded>,
    mut keys: MessageReader<KeyboardInput>,
    mut close: MessageReader<WindowCloseRequested>,
    mut destroyed: MessageReader<WindowDestroyed>,
    event_sender: Res<EventSender>,
    mut changed: ResMut<Changed>,
    mut all: ResMut<Uncovered>,
    mut exit: MessageWriter<AppExit>,
    mut closed: Local<bool>,
) {
    if uncovered.read().any(|event| !event.occluded) {
        changed.0 = true;
        all.0 = true;
    }
    let escape = keys
        .read()
        .any(|key| key.logical_key == Key::Escape && key.state == ButtonState::Pressed);
    let gone = close.read().next().is_some() | destroyed.read().next().is_some();
    if (escape || gone) && !*closed {
        *closed = true;
        event_sender.send(StageEvent::Closed);
        exit.write(AppExit::Success);
    }
}

/// Sees to the next update. Whoever wakes winit from outside is woken twice: once as told, and once
/// because Bevy then has winit redraw. So a frame that is near, and that nothing else would wait
/// for, is waited for here, as a display's beat is waited for where the GPU presents.
fn set_alarm(
    now: Res<Now>,
    agenda: Res<Agenda>,
    pace: Option<Res<Pace>>,
    inbox: Res<StageInbox>,
    mut alarm: ResMut<Alarm>,
    mut redraw: MessageWriter<RequestRedraw>,
) {
    let due = match (agenda.next(), &pace) {
        (Some(Next::Frame), None) => {
            redraw.write(RequestRedraw);
            return;
        }
        (Some(Next::Frame), Some(pace)) => pace.next_frame(now.0),
        (Some(Next::At(due)), _) => due,
        (None, _) => return,
    };
    let is_near = due.saturating_duration_since(Instant::now()) <= NEAR_MAX;
    // With a GPU this update's frame is not presented yet.
    if is_near && pace.is_some() {
        inbox.wait_until(due);
        redraw.write(RequestRedraw);
    } else {
        alarm.set(due, now.0);
    }
}

/// Wakes the event loop at a given time: winit's own timer would draw as well.
#[derive(Resource)]
struct Alarm {
    due: Sender<Instant>,
    set: Option<Instant>,
}

impl Alarm {
    /// Starts the thread that calls `wake` when it is time.
    fn start(wake: impl Fn() + Send + 'static) -> Self {
        // Never holds more than one instant for each update of the stage.
        let (due, dues) = unbounded();
        let spawned = thread::Builder::new()
            .name("alarm".into())
            .spawn(move || wake_when_due(&dues, wake));
        if let Err(error) = spawned {
            // Without it only captures and retries come late; the show itself is driven by
            // messages.
            error!("no thread for the stage's alarm: {error}");
        }
        Self { due, set: None }
    }

    fn set(&mut self, due: Instant, now: Instant) {
        // One that is not over yet has been told already.
        if self.set != Some(due) || due <= now {
            self.set = Some(due);
            // The thread ends only with this sender.
            let _ = self.due.send(due);
        }
    }
}

/// Calls `wake` at the last instant that was told: every update states anew what it waits for. An
/// earlier one that it kept would use up the call for the later one, which is not told again.
fn wake_when_due(dues: &Receiver<Instant>, wake: impl Fn()) {
    let mut next: Option<Instant> = None;
    loop {
        let received = match next {
            None => dues.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => dues.recv_deadline(due),
        };
        match received {
            Ok(due) => next = Some(due),
            Err(RecvTimeoutError::Timeout) => {
                next = None;
                wake();
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_winit_says_of_a_display_names_no_file_of_its_own() {
        let said = "Failed to build event loop: Os(OsError { line: 89, file: \"a/winit/mod.rs\", error: Gone })";
        let told = "Failed to build event loop: Os(OsError { error: Gone })";
        assert_eq!(without_place(said), told);
        assert_eq!(
            without_place("no error: here, nor a line: 3"),
            "no error: here, nor a line: 3"
        );
    }

    #[test]
    fn an_alarm_that_was_put_off_rings_at_its_last_time_and_not_before() {
        let (rung, rings) = unbounded();
        let mut alarm = Alarm::start(move || {
            let _ = rung.send(Instant::now());
        });
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        alarm.set(at(40), begun);
        alarm.set(at(120), begun);
        // The stage has been woken by something else meanwhile, and waits for the same.
        alarm.set(at(120), at(50));
        let first = rings.recv_timeout(Duration::from_secs(600));
        assert!(first.expect("it rings") >= at(120));
        alarm.set(at(120), at(121));
        let again = rings.recv_timeout(Duration::from_secs(600));
        assert!(again.is_ok(), "what is overdue rings at once");
    }
}
