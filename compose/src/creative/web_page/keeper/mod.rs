//! Knows the pages that are shown, keeps their pictures and has new ones taken on a thread of its
//! own.
//!
//! Invariant: whoever asks for a picture never waits for one; without any page there is no thread.

mod shared;
mod thread;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use jiff::tz::TimeZone;
use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_playout::settings::page_rules::PageRules;
use passerby_playout::system::clock::Clock;
use passerby_protocol::web_page::WebPage;

use crate::creative::file;
use crate::creative::web_page::picture_store::PageKey;
use crate::creative::web_page::{PIXELS_MAX, PagePicture, capture, nudge};
use crate::settings::Settings;

pub(super) use crate::creative::web_page::keeper::shared::Shared;

/// What a keeper needs to know about its surroundings.
#[derive(Clone)]
pub struct KeeperConfig {
    /// Where pictures are kept; none keeps them in memory only.
    pub folder: Option<PathBuf>,
    /// Tells how old pictures are.
    pub clock: Arc<dyn Clock>,
    /// The venue's time zone, which pages take for the local one.
    pub time_zone: TimeZone,
    /// Where Chromium is; none looks for it each time, so that it can be installed while the
    /// terminal runs.
    pub browser: Option<PathBuf>,
    /// What the operator lets pages do.
    pub rules: PageRules,
    /// The operator's own folders: a page file in them may open the host that it names, wherever
    /// that is.
    pub own_folders: Vec<PathBuf>,
    /// How long a page may load.
    pub load_max: Duration,
    /// How long a run may take beside the page's own time to settle.
    pub run_max: Duration,
}

impl KeeperConfig {
    /// Takes over what the composer knows.
    pub fn new(settings: &Settings) -> Self {
        Self {
            folder: settings.snapshots.clone(),
            clock: Arc::clone(&settings.clock),
            time_zone: settings.time_zone.clone(),
            browser: None,
            rules: settings.pages.clone(),
            own_folders: settings.own_folders.clone(),
            load_max: capture::LOAD_MAX,
            run_max: capture::RUN_MAX,
        }
    }
}

/// Keeps pictures of web pages. Dropping it ends its thread and the browser that may run, within
/// seconds.
pub struct SnapshotKeeper {
    shared: Arc<Shared>,
    /// Started with the first page, so that terminals without pages have none.
    thread: Option<JoinHandle<()>>,
    wakes: Receiver<()>,
}

impl SnapshotKeeper {
    /// Opens the folder; starts nothing.
    pub fn new(config: KeeperConfig) -> Self {
        let (wake, wakes) = bounded(1);
        Self {
            shared: Arc::new(Shared::new(config, wake)),
            thread: None,
            wakes,
        }
    }

    /// Finds the last good picture of a page in this size, and has a new one taken when it is too
    /// old. Never waits.
    ///
    /// # Errors
    /// The page file is not good, or there is no picture yet: then one is being taken, and it says
    /// why that failed if it did.
    pub fn picture(
        &mut self,
        file: &CreativeFile,
        (width_px, height_px): (u32, u32),
    ) -> Result<PagePicture, ComposeError> {
        if width_px == 0
            || height_px == 0
            || u64::from(width_px) * u64::from(height_px) > PIXELS_MAX.into()
        {
            return Err(ComposeError(format!(
                "{}: a page cannot be shown with {width_px} × {height_px} pixels; at most {PIXELS_MAX} in all",
                file.name
            )));
        }
        let page = open(file)?;
        let key = PageKey {
            digest: file.digest,
            width_px,
            height_px,
        };
        self.start();
        let own_folders = &self.shared.config.own_folders;
        let is_own = own_folders.iter().any(|own| file.path.starts_with(own));
        let found = self.shared.ask(&key, &file.name, page, is_own);
        nudge(&self.shared.wake);
        found.map(|(revision, trouble)| PagePicture {
            revision,
            trouble,
            store: Arc::clone(&self.shared),
            key,
            name: file.name.clone(),
        })
    }

    /// Has pictures taken of pages that will air, so that they are there in time. What is wrong
    /// with one is told when it is asked for.
    pub fn prefetch<'a>(
        &mut self,
        pages: impl IntoIterator<Item = (&'a CreativeFile, (u32, u32))>,
    ) {
        for (file, size) in pages {
            // Without a picture this is an error, which is why it was called.
            let _ = self.picture(file, size);
        }
    }

    fn start(&mut self) {
        if self.thread.is_some() {
            return;
        }
        let (shared, wakes) = (Arc::clone(&self.shared), self.wakes.clone());
        let started = Builder::new()
            .name("pages".into())
            .spawn(move || thread::work(&shared, &wakes));
        match started {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => tracing::warn!(%error, "no thread for web pages; it is tried again"),
        }
    }
}

impl Drop for SnapshotKeeper {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        nudge(&self.shared.wake);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread for web pages panicked");
        }
    }
}

/// Reads a page file as it was scheduled.
fn open(file: &CreativeFile) -> Result<WebPage, ComposeError> {
    let says = |what: String| ComposeError(format!("{}: {what}", file.name));
    let text = file::read_text(file).map_err(says)?;
    WebPage::parse(&file.name, &text).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        ComposeError(lines.join("; "))
    })
}
