//! Knows the pages that are shown, keeps their pictures and has new ones taken on a thread of its
//! own.
//!
//! Invariant: whoever asks for a picture never waits for one; without any page there is no thread.

mod config;
mod page_picture;
mod shared;
mod thread;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, bounded};
use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::web_page::WebPage;

use crate::creative::file;
use crate::creative::web_page::capture::PIXELS_MAX;
use crate::creative::web_page::keeper::shared::{Shared, nudge};
use crate::creative::web_page::picture_store::PageKey;

pub use crate::creative::web_page::keeper::config::KeeperConfig;
pub use crate::creative::web_page::keeper::page_picture::{PageFrameSource, PagePicture};

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
            return Err(ComposeError::new(format!(
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
    let says = |what: String| ComposeError::new(format!("{}: {what}", file.name));
    let text = file::read_text(file).map_err(says)?;
    WebPage::parse(&file.name, &text).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        ComposeError::new(lines.join("; "))
    })
}
