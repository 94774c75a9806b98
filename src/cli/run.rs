//! `passerby run`: the main job.

use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use passerby_compose::SlideComposer;
use passerby_compose::settings::{Settings, SoundOutput};
use passerby_compose::slide::Slide;
use passerby_compose::small_frame::SmallFrame;
use passerby_playout::content::catalog::{Catalog, LocalContent};
use passerby_playout::hub_link::{FrameMaker, HubConnection, HubLink, MadeFrame};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::identity::page_token;
use passerby_playout::identity::page_token::PageTokenOrigin;
use passerby_playout::ledger::Ledger;
use passerby_playout::messages::player_requests::{PlayerRequest, REQUESTS_MAX};
use passerby_playout::messages::stage_messages::StageCommand;
use passerby_playout::player::{Parts, Player, StageLink};
use passerby_playout::schedule::live_context::LiveContext;
use passerby_playout::screen::display;
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock;
use passerby_playout::system::clock::SystemClock;
use passerby_protocol::screen_traits::ScreenTraits;
use passerby_protocol::toml_fields::Problem;
use tokio::sync::Notify;

use crate::cli::data_dir::DataDir;
use crate::cli::drawing::Choice;
use crate::cli::failure::Failure;
use crate::cli::options::{ConfigFile, SIDE_PX};
use crate::local_page;
use crate::local_page::access_guard::AccessGuard;
use crate::local_page::api::Api;
use crate::stage::{self, CaptureConfig, StageConfig, StageSender, StageTime};

/// How often the hub is asked for new content.
const POLL: Duration = Duration::from_secs(10);
/// Commands that wait for the stage; a player with more to say waits until it has read some.
const COMMANDS_MAX: usize = 16;

/// Range of the time between captured frames, in milliseconds.
const CAPTURE_EVERY_MS: RangeInclusive<u64> = 10..=3_600_000;

/// Play, until stopped
///
/// A settings or campaign file that is written wrong, or a folder that it names and that does not
/// exist, ends it with exit code 2. An empty folder or a bad picture is skipped and logged. If the
/// port is taken, the screen plays and only the local page is missing.
#[derive(clap::Args)]
pub(super) struct Run {
    #[command(flatten)]
    config: ConfigFile,
    /// Draw without a window; the local page shows the picture
    #[arg(long)]
    offscreen: bool,
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = crate::cli::options::size, help = format!(
        "Size of the picture in pixels, each side {} to {}, to see what a screen of that size would show. Default: the whole screen, or 1920x1080 with `--offscreen`",
        SIDE_PX.start(),
        SIDE_PX.end()
    ))]
    size: Option<(u32, u32)>,
    /// Write frames to this folder as PNG files, with a line in `frames.jsonl` for each, for tests
    /// that look at what was on the screen
    #[arg(long, value_name = "DIR")]
    capture: Option<PathBuf>,
    #[arg(long, value_name = "MS", default_value = "1000",
        value_parser = clap::value_parser!(u64).range(CAPTURE_EVERY_MS),
        help = format!(
            "Time between captured frames in milliseconds, {} to {}",
            CAPTURE_EVERY_MS.start(),
            CAPTURE_EVERY_MS.end()
        ))]
    capture_every: u64,
    /// Stop after so many seconds. Default: play on
    #[arg(long = "for", value_name = "SECONDS")]
    run_for: Option<u64>,
}

/// The player's way to the stage.
struct StageCommands(StageSender);

impl StageLink<Slide> for StageCommands {
    fn send(&self, command: StageCommand<Slide>) {
        // The stage has ended; the player hears of it by its own event.
        let _ = self.0.send(command);
    }
}

impl Run {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut config = self.config.load()?;
        let local = local_content(&config)?;
        let data_dir = DataDir::open(&config.data_dir)?;
        data_dir.path().clone_into(&mut config.data_dir);
        // An offscreen picture goes to no display of this machine.
        config.displays = (!self.offscreen).then(|| display::CONNECTORS.into());
        // A driver takes its time to answer; nothing else waits for it.
        let (draw, offscreen) = (config.draw, self.offscreen);
        let drawing = spawn("drawing", move || Choice::of(draw, offscreen))?;
        let clock: Arc<dyn clock::Clock> = Arc::new(SystemClock::new(config.trust_clock));
        let context = Arc::new(LiveContext::default());
        let (requests, request_queue) = bounded(REQUESTS_MAX);
        let page = listen(&config).map(|(listener, token)| LocalPage {
            listener,
            issuer: AccessGuard::new(config.listen.ip(), token.token(), clock.clone()),
            api: Api {
                data_dir: config.data_dir.clone(),
                context: context.clone(),
                clock: clock.clone(),
                player: requests.clone(),
            },
        });
        let settings = settings_of(&config, clock.clone(), context.clone());
        let frames = data_dir.frames();
        let [of_files, of_drawn] = ["files", "drawn"].map(|name| Settings {
            frames: frames.as_ref().map(|frames| frames.join(name)),
            ..settings.clone()
        });
        let background = config.layout.background.0;
        let recorded = Arc::new(Notify::new());
        let (event_queue, events) = bounded(REQUESTS_MAX);
        let (commands, inbox) = stage::channel(COMMANDS_MAX);
        let hub_link = config.hub.as_ref().map(|hub| HubLink {
            hub_url: hub.url.clone(),
            name: config.name.clone(),
            traits: traits_of(&config),
            data_dir: config.data_dir.clone(),
            clock: clock.clone(),
            player: requests.clone(),
            context: context.clone(),
            zone: config.time_zone.iana_name().unwrap_or("UTC").to_owned(),
            cache: config.cache,
            recorded: recorded.clone(),
            poll: POLL,
            line: HubConnection::new(hub, &config.data_dir, &clock, config.time_zone.clone()),
            frames: (!hub.keeps_frames).then(|| frame_maker(config.rotation)),
        });
        let run_for_ms = self.run_for.map(|seconds| seconds.saturating_mul(1_000));
        // The window opens while the ledger and the fonts are read.
        let player = spawn("player", move || {
            let (ledger, enrolment) = open_data(&config)?;
            let player = Player::new(Parts {
                config,
                ledger,
                local,
                enrolment,
                clock,
                composer: SlideComposer::new(of_files),
                urgent: SlideComposer::new(of_drawn),
                stage: StageCommands(commands),
                events,
                requests: request_queue,
                context,
                recorded,
                run_for_ms,
            })
            .map_err(|error| Failure::Start(error.to_string()))?;
            player.run();
            Ok(())
        })?;
        spawn("hub-link", move || go_online(hub_link, page, &requests))?;
        let drawing = drawing
            .join()
            .map_err(|_| Failure::Start("nothing to draw with was found".to_owned()))?;
        tracing::info!("{}", drawing.sentence());
        let stage_config = StageConfig {
            draw_with: drawing.draw_with,
            offscreen: self.offscreen,
            size: self.size,
            capture: self.capture.map(|dir| CaptureConfig {
                dir,
                every: Duration::from_millis(self.capture_every),
            }),
            title: "Passerby".to_owned(),
            run_for: None,
            cuts_when_slow: true,
            background,
            time: StageTime::Real {
                boot_clock: clock::boot_ms,
            },
            observer: None,
        };
        let played = stage::run(stage_config, inbox, event_queue)
            .map_err(|error| Failure::Start(error.to_string()));
        // The stage's end closes its event channel; the player then records the play that was on
        // the screen. A player that could not begin has ended the stage.
        match player.join() {
            Ok(begun) => begun.and(played),
            Err(_) => Err(Failure::Start(
                "the player stopped unexpectedly; restart the terminal".to_owned(),
            )),
        }
    }
}

/// Reads the local campaigns. A file that was written wrong stops the start, so that its author
/// sees every mistake; content that is missing or empty does not, so that the screen is not dark
/// because of it.
fn local_content(config: &Config) -> Result<Catalog, Failure> {
    let (mut local, mut written_wrong) = (Catalog::new(), Vec::new());
    for folder in &config.folders {
        let content = LocalContent::read(folder);
        local.extend(content.catalog);
        for note in &content.left_out.notes {
            tracing::info!("{note}");
        }
        for problem in &content.left_out.problems {
            tracing::warn!("{problem}");
        }
        for problem in content.problems {
            if problem.line > 0 || !folder.is_dir() {
                written_wrong.push(problem);
            } else {
                tracing::warn!("{problem}");
            }
        }
    }
    if written_wrong.is_empty() {
        Ok(local)
    } else {
        Err(Failure::Input(written_wrong))
    }
}

/// Makes small pictures of what is on the screen.
fn frame_maker(rotation: u16) -> FrameMaker {
    FrameMaker::new(move |snapshot| {
        let made = SmallFrame::of(snapshot, rotation)?;
        Some(MadeFrame {
            width_px: made.width_px,
            height_px: made.height_px,
            jpeg: made.jpeg,
        })
    })
}

/// What the hub is told of the screen.
fn traits_of(config: &Config) -> ScreenTraits {
    ScreenTraits {
        name: config.name.clone(),
        venue: config.venue.name.clone(),
        tags: config.venue.tags.clone(),
        zones: config.layout.names().map(str::to_owned).collect(),
        time_zone: config.time_zone.iana_name().unwrap_or_default().to_owned(),
    }
    .tidied()
}

/// What the composers need to know about their surroundings.
fn settings_of(
    config: &Config,
    clock: Arc<dyn clock::Clock>,
    context: Arc<LiveContext>,
) -> Settings {
    Settings {
        fonts: config.fonts.clone(),
        clock,
        time_zone: config.time_zone.clone(),
        context,
        snapshots: Some(config.data_dir.join("snapshots")),
        frames: None,
        pages: config.pages.clone(),
        own_folders: config.folders.clone(),
        sound: config.sound.as_ref().map(|sound| SoundOutput {
            format: sound.format.clone(),
            device: sound.device.clone(),
            volume_percent: sound.volume_percent,
        }),
        looks_through_films: true,
        pages_as_cards: false,
    }
}

/// The local page before it is served.
struct LocalPage {
    listener: TcpListener,
    issuer: AccessGuard,
    api: Api,
}

/// Opens what lies in data.dir.
fn open_data(config: &Config) -> Result<(Ledger, Option<Enrolment>), Failure> {
    let (ledger, note) =
        Ledger::open(&config.data_dir).map_err(|error| Failure::Start(error.to_string()))?;
    if let Some(note) = note {
        tracing::error!("{note}");
    }
    let enrolment = match (&config.hub, Enrolment::load(&config.data_dir)) {
        (Some(hub), Ok(enrolment)) => enrolment.filter(|enrolment| enrolment.hub == hub.url),
        (Some(_), Err(error)) => {
            return Err(Failure::Input(vec![Problem::with_file(
                config.data_dir.display().to_string(),
                error.to_string(),
            )]));
        }
        (None, _) => None,
    };
    Ok((ledger, enrolment))
}

/// Opens the local page's port, and decides what opens the page. Without it the screen still plays.
fn listen(config: &Config) -> Option<(TcpListener, PageTokenOrigin)> {
    let chosen = config.page_token.as_ref();
    let token = match PageTokenOrigin::decide(config.listen.ip(), chosen, &config.data_dir) {
        Ok(token) => token,
        Err(error) => {
            let path = config.data_dir.join(page_token::FILE_NAME);
            tracing::warn!(
                "{}: cannot be used: {error}; the screen plays without its local page, which others may not see without a page token",
                path.display()
            );
            return None;
        }
    };
    let bound = TcpListener::bind(config.listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    match bound {
        Ok(listener) => {
            let address = listener
                .local_addr()
                .map_or(config.listen, |address| address);
            let query = match &token {
                PageTokenOrigin::Made(token) => format!("/?token={}", token.reveal()),
                PageTokenOrigin::Chosen(_) => "/?token=, then local.token".to_owned(),
                PageTokenOrigin::None => String::new(),
            };
            tracing::info!(
                "the live picture and the state of this terminal: http://{address}{query}"
            );
            Some((listener, token))
        }
        Err(error) => {
            tracing::warn!(
                "local.listen: {} cannot be used: {error}; the screen plays without its local page, choose another port",
                config.listen
            );
            None
        }
    }
}

/// Runs all that needs the network, and hears the signals that end the program.
fn go_online(hub_link: Option<HubLink>, page: Option<LocalPage>, player: &Sender<PlayerRequest>) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!("no network: {error}"),
    };
    tokio::task::LocalSet::new().block_on(&runtime, async {
        if let Some(hub_link) = hub_link {
            tokio::task::spawn_local(hub_link.run());
        }
        if let Some(page) = page {
            let LocalPage {
                listener,
                api,
                issuer,
            } = page;
            tokio::task::spawn_local(local_page::serve(listener, player.clone(), api, issuer));
        }
        wait_for_signal().await;
        // A player that has ended already needs no telling.
        let _ = player.send(PlayerRequest::Stop);
    });
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<std::thread::JoinHandle<T>, Failure> {
    let spawned = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work);
    spawned.map_err(|error| Failure::Start(format!("the {name} cannot be started: {error}")))
}
