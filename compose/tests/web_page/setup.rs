//! A keeper with all that it needs: Chromium, a folder, and a clock that the test turns.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use passerby_compose::creative::web_page::{KeeperConfig, PagePicture, SnapshotKeeper};
use passerby_playout::content::creative::CreativeFile;
use passerby_playout::settings::page_rules::PageRules;
use passerby_playout::system::clock::Clock;
use passerby_protocol::Digest;
use passerby_protocol::creative::CreativeKind;
use passerby_simulation::SimulatedClock;
use passerby_testing::required_program;

use crate::PATIENCE;
use crate::server::Server;

pub(crate) const SIZE: (u32, u32) = (640, 360);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct PageSetup {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) program: PathBuf,
    pub(crate) rules: PageRules,
    /// Whether its pages are the operator's own, and not the hub's.
    pub(crate) is_own: bool,
}

impl PageSetup {
    pub(crate) fn new() -> Self {
        Self {
            program: required_program("chromium"),
            rules: PageRules::default(),
            is_own: true,
            folder: tempfile::tempdir().unwrap(),
            clock: stopped_clock(),
        }
    }

    pub(crate) fn keeper(&self) -> SnapshotKeeper {
        self.keeper_with(&self.program, PATIENCE)
    }

    pub(crate) fn keeper_with(&self, program: &Path, load_max: Duration) -> SnapshotKeeper {
        SnapshotKeeper::new(KeeperConfig {
            folder: Some(self.folder.path().join("snapshots")),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            time_zone: TimeZone::get("Asia/Shanghai").unwrap(),
            browser: Some(program.into()),
            rules: self.rules.clone(),
            own_folders: self
                .is_own
                .then(|| self.folder.path().into())
                .into_iter()
                .collect(),
            load_max,
            // Nothing here depends on how fast the machine is.
            run_max: 2 * PATIENCE,
        })
    }

    /// Writes a page file that shows a server's page; `settings` are its other lines.
    pub(crate) fn page_of(&self, server: &Server, name: &str, settings: &str) -> CreativeFile {
        let address = &server.address;
        self.page(name, &format!("url = 'http://{address}/page'\n{settings}"))
    }

    pub(crate) fn page(&self, name: &str, text: &str) -> CreativeFile {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        CreativeFile {
            kind: CreativeKind::Page,
            name: name.into(),
            path,
            digest: Digest::of(text.as_bytes()),
            parts: Arc::new([]),
        }
    }

    /// Asks again and again until the answer is as wanted.
    pub(crate) fn ask_until(
        &self,
        keeper: &mut SnapshotKeeper,
        page: &CreativeFile,
        wanted: impl Fn(&Result<PagePicture, String>) -> bool,
    ) -> Result<PagePicture, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = keeper.picture(page, SIZE).map_err(|error| error.0);
            if wanted(&found) {
                return found;
            }
            let said = found.map(|picture| picture.trouble);
            assert!(Instant::now() < deadline, "waited too long; last: {said:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn await_picture(
        &self,
        keeper: &mut SnapshotKeeper,
        page: &CreativeFile,
    ) -> PagePicture {
        self.ask_until(keeper, page, Result::is_ok).unwrap()
    }

    /// Asks again and again until there is a picture whose trouble is as wanted.
    pub(crate) fn await_trouble(
        &self,
        keeper: &mut SnapshotKeeper,
        page: &CreativeFile,
        wanted: impl Fn(Option<&str>) -> bool,
    ) -> PagePicture {
        let found = self.ask_until(keeper, page, |found| {
            found
                .as_ref()
                .is_ok_and(|picture| wanted(picture.trouble.as_deref()))
        });
        found.unwrap()
    }
}

/// A clock that passes only when the test lets it, some time after the start.
pub(crate) fn stopped_clock() -> Arc<SimulatedClock> {
    let clock = SimulatedClock::new("boot", 1_795_500_000_000);
    clock.waited(Duration::from_secs(1_000));
    Arc::new(clock)
}

pub(crate) fn pixel(rgb: &[u8], x: u32, y: u32) -> [u8; 3] {
    let at = ((y * SIZE.0 + x) * 3) as usize;
    rgb[at..at + 3].try_into().unwrap()
}
