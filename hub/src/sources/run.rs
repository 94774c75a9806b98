//! One run of a source: fetch it, take its items in, make cards of them, end what is over.
//!
//! Invariants: whatever is killed between two steps is taken up by the next run, since each step
//! leaves its result in the store; the time of the next fetch is written only after this one; a
//! source has [`MAKING_TIME`] for its cards and goes on later, so that none holds up the others.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use passerby_folder::regular_file;
use passerby_protocol::foreign::one_line;
use reqwest::Url;
use serde::Serialize;

use crate::Hub;
use crate::publish::folder::Publication;
use crate::publish::inspection::Workers;
use crate::sources::card::{self, Picture, Words};
use crate::sources::document::{self, DOCUMENT_BYTES_MAX, Document, ITEMS_MAX};
use crate::sources::fetch::{Conditions, Fetched, Fetcher};
use crate::sources::rules::{Choice, Rules};
use crate::sources::work_folder::WorkFolder;
use crate::store::{
    ClaimBy, FetchOutcome, FileClaim, ItemPublished, ItemRecord, NewItem, PublishError,
    SourceError, SourceKind, SourceRecord, StoreError, TakeRules, Taken, Targets,
};
use crate::system::random;

/// How long cards of one source are made before others have their turn.
const MAKING_TIME: Duration = Duration::from_secs(60);
/// Largest picture of an item, in bytes.
const PICTURE_BYTES_MAX: usize = 8 << 20;
/// Longest time between two fetches of a source that fails, in milliseconds.
const BACK_OFF_MS_MAX: i64 = 6 * 3_600_000;
/// Longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 300;
/// What is asked of servers.
const ACCEPTS_FEEDS: &str = "application/rss+xml, application/atom+xml, application/feed+json, application/json, text/csv, application/xml;q=0.9, */*;q=0.5";
const ACCEPTS_PICTURES: &str = "image/webp, image/png, image/jpeg, image/gif;q=0.8";

/// What a run needs.
pub struct Runner<'a> {
    /// The hub.
    pub hub: &'a Hub,
    /// What looks at pictures and cards.
    pub workers: &'a Workers,
    /// What fetches.
    pub fetcher: &'a Fetcher,
    /// Whether to go on; asked between steps.
    pub goes_on: &'a (dyn Fn() -> bool + Sync),
}

/// What a run has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// Whether a document was fetched that is another than before.
    pub fetched: bool,
    /// Why fetching has failed.
    pub problem: Option<String>,
    /// What of the document was left out.
    pub left_out: Option<String>,
    /// Items that are new.
    pub new: u32,
    /// Items that say something else than before.
    pub changed: u32,
    /// Items that were published.
    pub published: Vec<u32>,
    /// Items of which no card could be made.
    pub failed: Vec<u32>,
    /// How many have ended.
    pub ended: usize,
}

/// Says why a fetch gave nothing, and when to come again.
struct Failure {
    reason: String,
    retry_after_s: Option<i64>,
}

impl Failure {
    fn of(reason: &dyn std::fmt::Display) -> Self {
        Self {
            reason: one_line(&reason.to_string(), REASON_CHARS_MAX),
            retry_after_s: None,
        }
    }
}

impl Runner<'_> {
    /// Runs a source. It is fetched if that is due, or at once if somebody asks for it.
    ///
    /// # Errors
    /// There is no such source, or the database fails.
    pub fn run(&self, name: &str, at_once: bool, now_ms: i64) -> Result<RunReport, SourceError> {
        let store = &self.hub.store;
        let unknown = || SourceError::Unknown(name.to_owned());
        let source = store.source(name)?.ok_or_else(unknown)?;
        let rules: Rules = serde_json::from_str(&source.rules).map_err(StoreError::from)?;
        let mut report = RunReport::default();
        let is_due = source.fetch_ms <= now_ms && !source.paused;
        if source.kind != SourceKind::Hook && (is_due || at_once) {
            self.fetch(&source, &rules, &mut report, now_ms)?;
        }
        let newest = usize::try_from(rules.newest).unwrap_or(usize::MAX);
        report.ended = store.end_source_items(name, newest, now_ms)?;
        self.make_all(name, &rules, &mut report, now_ms)?;
        store.plan_source(name, source.kind != SourceKind::Hook, now_ms)?;
        Ok(report)
    }

    fn fetch(
        &self,
        source: &SourceRecord,
        rules: &Rules,
        report: &mut RunReport,
        now_ms: i64,
    ) -> Result<(), SourceError> {
        // A fault of this program costs the source that shows it, and not the others.
        let read = catch_unwind(AssertUnwindSafe(|| self.document(source))).unwrap_or_else(|_| {
            Err(Failure::of(
                &"this program has a fault that it shows; tell its makers",
            ))
        });
        let every_ms = i64::from(rules.every_minutes) * 60_000;
        let outcome = match read {
            Ok(Some((document, conditions))) => {
                let choice = rules.choose(&document, now_ms);
                let taken = take(self.hub, source, rules, &document, &choice, now_ms)?;
                report.fetched = true;
                report.new = taken.new;
                report.changed = taken.changed;
                report.left_out = left_out(&document, &choice, taken, rules);
                FetchOutcome {
                    problem: None,
                    left_out: report.left_out.clone(),
                    // What did not fit today has to be seen again tomorrow.
                    etag: conditions.etag.filter(|_| taken.too_many == 0),
                    last_modified: conditions.last_modified.filter(|_| taken.too_many == 0),
                    fetch_ms: now_ms + jittered(every_ms),
                }
            }
            Ok(None) => FetchOutcome {
                problem: None,
                left_out: source.left_out.clone(),
                etag: source.etag.clone(),
                last_modified: source.last_modified.clone(),
                fetch_ms: now_ms + jittered(every_ms),
            },
            Err(failure) => {
                report.problem = Some(failure.reason.clone());
                let doubled = every_ms.saturating_mul(1 << source.failures.min(10));
                let wait_ms = doubled.min(BACK_OFF_MS_MAX.max(every_ms));
                let asked_ms = failure.retry_after_s.unwrap_or(0) * 1_000;
                FetchOutcome {
                    problem: Some(failure.reason),
                    fetch_ms: now_ms + jittered(wait_ms).max(asked_ms),
                    ..FetchOutcome::default()
                }
            }
        };
        self.hub
            .store
            .source_fetched(&source.name, &outcome, now_ms)?;
        Ok(())
    }

    /// Reads what a source says now; `None` if that is what it said before.
    fn document(&self, source: &SourceRecord) -> Result<Option<(Document, Conditions)>, Failure> {
        let location = source.location.as_deref().unwrap_or_default();
        if source.kind == SourceKind::File {
            let bytes = file(Path::new(location))?;
            let document = document::read(&bytes, None).map_err(|error| Failure::of(&error))?;
            return Ok(Some((document, Conditions::default())));
        }
        let url = Url::parse(location).map_err(|error| Failure::of(&error))?;
        let known = Conditions {
            etag: source.etag.clone(),
            last_modified: source.last_modified.clone(),
        };
        let fetched = self
            .fetcher
            .get(&url, ACCEPTS_FEEDS, DOCUMENT_BYTES_MAX, &known)
            .map_err(|error| Failure {
                retry_after_s: error.retry_after_s(),
                ..Failure::of(&error)
            })?;
        match fetched {
            Fetched::Unchanged => Ok(None),
            Fetched::Body {
                bytes,
                url,
                conditions,
            } => {
                let document =
                    document::read(&bytes, Some(&url)).map_err(|error| Failure::of(&error))?;
                Ok(Some((document, conditions)))
            }
        }
    }

    /// Makes cards of what is ready, as long as there is time.
    fn make_all(
        &self,
        name: &str,
        rules: &Rules,
        report: &mut RunReport,
        now_ms: i64,
    ) -> Result<(), SourceError> {
        let begun = Instant::now();
        for item in self.hub.store.ready_source_items(name)? {
            if begun.elapsed() > MAKING_TIME || !(self.goes_on)() {
                break;
            }
            match self.make(name, rules, &item, now_ms)? {
                Made::Published => report.published.push(item.number),
                Made::Failed => report.failed.push(item.number),
                Made::Unwanted => {}
            }
        }
        Ok(())
    }

    /// Makes a card of one item and publishes it.
    fn make(
        &self,
        name: &str,
        rules: &Rules,
        item: &ItemRecord,
        now_ms: i64,
    ) -> Result<Made, StoreError> {
        let fail = |reason: &dyn std::fmt::Display| {
            let reason = one_line(&reason.to_string(), REASON_CHARS_MAX);
            tracing::warn!(
                source = name,
                item = item.number,
                "no card can be made: {reason}"
            );
            self.hub
                .store
                .fail_source_item(name, item.number, &reason, now_ms)
                .map(|()| Made::Failed)
        };
        let words: Words = serde_json::from_str(&item.words)?;
        let mut told: BTreeSet<String> = item.told.iter().cloned().collect();
        let mut picture = None;
        if let Some(link) = &words.picture {
            match self.picture(link) {
                Ok(found) => picture = Some(found),
                Err(reason) => _ = told.insert(format!("its picture was left out: {reason}")),
            }
        }
        let campaign = format!("{name}:{}", item.number);
        let mut folder = WorkFolder::make(self.hub.folder(), &campaign);
        let mut read = self.read(&folder, name, &words, rules, picture.as_ref(), &mut told);
        if let (Ok(Err(reason)), true) = (&read, picture.is_some()) {
            // A bad picture costs itself, and not the words.
            told.insert(format!("its picture was left out: {reason}"));
            folder = WorkFolder::make(self.hub.folder(), &campaign);
            read = self.read(&folder, name, &words, rules, None, &mut told);
        }
        let publication = match read {
            Ok(Ok(publication)) => publication,
            Ok(Err(reason)) => return fail(&reason),
            // The disk is full or the like: later.
            Err(error) => {
                tracing::error!(source = name, %error, "a card cannot be made now");
                return Ok(Made::Unwanted);
            }
        };
        let claims = FileClaim::all_of(&publication);
        let claimed = (self.hub.store).claim_files(ClaimBy::Nobody, &claims, now_ms);
        if let Err(error) = claimed {
            tracing::error!(source = name, %error, "a card cannot be stored now");
            return Ok(Made::Unwanted);
        }
        for creative in &publication.creatives {
            let put = self
                .hub
                .blobs
                .put(creative.digest, creative.size, &creative.source);
            if let Err(error) = put {
                tracing::error!(source = name, %error, "a card cannot be stored now");
                return Ok(Made::Unwanted);
            }
        }
        let targets = if rules.screens.is_empty() {
            Targets::Everywhere
        } else {
            Targets::Only(rules.screens.iter().copied().collect())
        };
        let told: Vec<String> = told.into_iter().collect();
        let told = (!told.is_empty()).then(|| one_line(&told.join("; "), REASON_CHARS_MAX));
        let published = self.hub.store.publish_source_item(
            name,
            item.number,
            &publication,
            &targets,
            told.as_deref(),
            now_ms,
        );
        match published {
            Ok(ItemPublished::Airs(_)) => Ok(Made::Published),
            Ok(ItemPublished::Unwanted) => Ok(Made::Unwanted),
            Err(PublishError::Store(error)) => Err(error),
            Err(refused) => fail(&refused),
        }
    }

    /// Writes a card's folder and reads it as any other that is published. The inner error says
    /// what is wrong with it.
    fn read(
        &self,
        folder: &std::io::Result<WorkFolder>,
        name: &str,
        words: &Words,
        rules: &Rules,
        picture: Option<&Picture>,
        told: &mut BTreeSet<String>,
    ) -> std::io::Result<Result<Publication, String>> {
        let folder = match folder {
            Ok(folder) => folder.path(),
            Err(error) => return Err(std::io::Error::new(error.kind(), error.to_string())),
        };
        card::write(folder, name, words, &rules.template, picture, told)?;
        let read = Publication::read(folder, &|folder, jobs| self.workers.look_at(folder, jobs));
        Ok(read.map_err(|problems| {
            problems
                .first()
                .map_or_else(String::new, |problem| problem.message.clone())
        }))
    }

    fn picture(&self, link: &str) -> Result<Picture, String> {
        let url = Url::parse(link).map_err(|error| error.to_string())?;
        let fetched = self
            .fetcher
            .get(
                &url,
                ACCEPTS_PICTURES,
                PICTURE_BYTES_MAX,
                &Conditions::default(),
            )
            .map_err(|error| error.to_string())?;
        let bytes = match fetched {
            Fetched::Body { bytes, .. } => bytes,
            Fetched::Unchanged => Vec::new(),
        };
        Picture::of(bytes).ok_or_else(|| "it is no JPEG, PNG, GIF or WebP".to_owned())
    }
}

/// What became of an item.
enum Made {
    Published,
    Failed,
    /// It was taken down meanwhile, or has to wait.
    Unwanted,
}

/// Takes what was chosen into the store.
pub(super) fn take(
    hub: &Hub,
    source: &SourceRecord,
    rules: &Rules,
    document: &Document,
    choice: &Choice,
    now_ms: i64,
) -> Result<Taken, SourceError> {
    let items = choice.chosen.iter().map(|chosen| {
        let words = Words::of(chosen);
        let told: Vec<&str> = chosen.item.told.iter().map(String::as_str).collect();
        let title = if words.title.is_empty() {
            one_line(&words.text, 80)
        } else {
            words.title.clone()
        };
        Ok(NewItem {
            names: chosen.names.clone(),
            content: chosen.content,
            title,
            words: serde_json::to_string(&words).map_err(StoreError::from)?,
            order_ms: chosen.order_ms,
            ends_ms: chosen.ends_ms,
            told: (!told.is_empty()).then(|| told.join("; ")),
        })
    });
    let items: Vec<NewItem> = items.collect::<Result<_, StoreError>>()?;
    let take_rules = TakeRules {
        needs_approval: rules.approval,
        replaces: document.is_table,
        is_whole: document.is_table && source.kind != SourceKind::Hook,
    };
    hub.store
        .take_source_items(&source.name, &items, take_rules, now_ms)
}

/// Says what of a document does not air.
pub(super) fn left_out(
    document: &Document,
    choice: &Choice,
    taken: Taken,
    rules: &Rules,
) -> Option<String> {
    let too_many = usize::try_from(taken.too_many).unwrap_or(usize::MAX);
    let parts = [
        (choice.older, format!("beside the newest {}", rules.newest)),
        (
            choice.by_words,
            "by the words that must or must not be there".to_owned(),
        ),
        (choice.over, "whose end is past".to_owned()),
        (
            document.left_out,
            format!("without words, or past the first {ITEMS_MAX}"),
        ),
        (
            too_many,
            "past what a source may bring on one day".to_owned(),
        ),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Reads a file of the hub's machine within its bounds.
fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    let opened = regular_file::open_within(path).map_err(|error| Failure::of(&error))?;
    let mut bytes = Vec::new();
    let file: File = opened.into_file();
    file.take(DOCUMENT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::of(&error))?;
    Ok(bytes)
}

/// A time give or take a tenth, so that sources of one server do not come all at once.
fn jittered(time_ms: i64) -> i64 {
    let random = i64::from(u16::from_be_bytes(random::bytes()));
    time_ms - time_ms / 10 + time_ms / 5 * random / i64::from(u16::MAX)
}
