//! What people do with drafts, the same for pages and for programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use passerby_folder::text::read_toml_within;
use passerby_protocol::campaign;
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::{CampaignId, Digest};

use crate::Hub;
use crate::drafts::archive::{self, ArchiveFault};
use crate::drafts::file::{self, FileFault, Received};
use crate::drafts::names::{campaign_name, file_name, free_name, key_of, title_of_file};
use crate::drafts::text::{Dates, TextFault, add_stage, set_keys};
use crate::people::Actor;
use crate::sources::work_folder::WorkFolder;
use crate::store::{
    CampaignFile, ClaimBy, Draft, DraftChange, DraftError, FilePlace, NewDraft, NewFile, NewSlot,
    Slot, SlotError, StoreError,
};
use crate::system::clock;
use crate::system::repeated_errors::tell;
use crate::templates::{self, Kind, Language, NewError};

/// What became of files that came.
#[derive(Debug, Default)]
pub struct Added {
    /// The names of those that are in now.
    pub added: Vec<String>,
    /// Those that are not: what their sender calls them, and why not.
    pub left_out: Vec<(String, FileFault)>,
    /// Where else what is in now is used: the name that it has here, and a place. Its bytes are
    /// kept once.
    pub elsewhere: Vec<(String, FilePlace)>,
}

impl Added {
    /// Tells whether a film is among what is in now.
    pub fn has_films(&self) -> bool {
        let is_film = |name: &String| CreativeKind::of_name(name) == Some(CreativeKind::Video);
        self.added.iter().any(is_film)
    }
}

/// Says why a draft was not begun or changed.
#[derive(Debug, thiserror::Error)]
pub enum DeskFault {
    /// It was not taken.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The text is no TOML.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// The archive is none, or would do harm.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
    /// The template does not take the name.
    #[error(transparent)]
    Template(#[from] NewError),
    /// There is nothing to begin with.
    #[error("choose at least one picture")]
    Nothing(Added),
    /// Too many campaigns have this title.
    #[error("too many campaigns have this title; take another one")]
    NoName,
    /// The disk.
    #[error("the hub cannot write its files: {0}")]
    Disk(#[from] std::io::Error),
}

impl From<StoreError> for DeskFault {
    fn from(error: StoreError) -> Self {
        Self::Draft(error.into())
    }
}

/// What of some files is taken.
#[derive(Default)]
struct Taken {
    text: Option<String>,
    files: Vec<NewFile>,
    told: Added,
}

/// Tells where else the files that are in now are used.
fn tell_elsewhere(
    hub: &Hub,
    actor: &Actor,
    own: &CampaignId,
    files: &[NewFile],
) -> Vec<(String, FilePlace)> {
    let digests: Vec<_> = files.iter().map(|file| file.digest).collect();
    let places = match hub.store.places_of(&digests, Some(own), actor.scope()) {
        Ok(places) => places,
        Err(error) => {
            // What was done is done.
            tell("where else files are used is unknown", &error);
            return Vec::new();
        }
    };
    let name = |place: &FilePlace| {
        let file = files.iter().find(|file| file.digest == place.file);
        file.map_or_else(String::new, |file| file.name.clone())
    };
    places
        .into_iter()
        .map(|place| (name(&place), place))
        .collect()
}

/// Names, looks at and stores files. One that has the name of a known one gets another name, or
/// takes its place.
fn take(
    hub: &Hub,
    by: ClaimBy,
    received: &[Received],
    known: &[CampaignFile],
    replaces: bool,
    now_ms: i64,
) -> Taken {
    let mut taken = Taken::default();
    for one in received {
        match take_one(hub, by, one, known, replaces, &taken, now_ms) {
            Ok(Came::Text(text)) => {
                taken.told.added.push(campaign::FILE_NAME.to_owned());
                taken.text = Some(text);
            }
            Ok(Came::File(file)) => {
                taken.told.added.push(file.name.clone());
                taken.files.push(file);
            }
            Err(fault) => {
                match &fault {
                    FileFault::Blob(error) => tell("a file that came was not stored", error),
                    FileFault::Store(error) => tell("a file that came was not stored", error),
                    _ => {}
                }
                let name = passerby_protocol::foreign::one_line(&one.name, 80);
                taken.told.left_out.push((name, fault));
            }
        }
    }
    taken
}

enum Came {
    Text(String),
    File(NewFile),
}

fn take_one(
    hub: &Hub,
    by: ClaimBy,
    one: &Received,
    known: &[CampaignFile],
    replaces: bool,
    taken: &Taken,
    now_ms: i64,
) -> Result<Came, FileFault> {
    let name = file_name(&one.name)?;
    if name == campaign::FILE_NAME {
        let text = read_toml_within(&one.path).map_err(FileFault::Content)?;
        return Ok(Came::Text(text));
    }
    let mut stored = file::store(hub, by, &one.path, &name, now_ms)?;
    let others = known.iter().map(|file| (&file.name, file.digest));
    let mut others: Vec<_> = others
        .chain(taken.files.iter().map(|file| (&file.name, file.digest)))
        .collect();
    let made = hub.store.made_of(stored.digest)?;
    let is_same = |digest: Digest| digest == stored.digest || Some(digest) == made;
    if let Some((same, _)) = others.iter().find(|(_, digest)| is_same(*digest)) {
        return Err(FileFault::Known((*same).clone()));
    }
    if replaces {
        // What has its name but for the case is what it replaces.
        if let Some(same) = known
            .iter()
            .find(|file| key_of(&file.name) == key_of(&name))
        {
            stored.name.clone_from(&same.name);
        }
        others.retain(|(name, _)| key_of(name) != key_of(&stored.name) || known.is_empty());
    }
    let names: BTreeSet<String> = others.iter().map(|(name, _)| key_of(name)).collect();
    stored.name = free_name(&stored.name, |name| names.contains(&key_of(name)));
    Ok(Came::File(stored))
}

/// Begins a draft with a title, a link and pictures.
///
/// # Errors
/// See [`DeskFault`].
pub fn begin(
    hub: &Hub,
    actor: &Actor,
    (title, target): (&str, &str),
    group: &str,
    received: &[Received],
    now_ms: i64,
) -> Result<(CampaignId, Added), DeskFault> {
    let title = match (title.trim(), received.first()) {
        ("", Some(first)) => title_of_file(&first.name),
        ("", None) => None,
        (title, _) => Some(title.to_owned()),
    };
    let title = title.unwrap_or_else(|| clock::date_of(now_ms).to_string());
    let taken = take(hub, ClaimBy::of(actor), received, &[], false, now_ms);
    if taken.files.is_empty() && taken.text.is_none() {
        return Err(DeskFault::Nothing(taken.told));
    }
    let mut taken = taken;
    let text = taken.text.unwrap_or_default();
    let text = set_keys(&text, &[("title", &title), ("target", target.trim())])?;
    let id = free_id(hub, &title)?;
    taken.told.elsewhere = tell_elsewhere(hub, actor, &id, &taken.files);
    let new = NewDraft {
        text,
        files: taken.files,
        group: group.to_owned(),
        ..NewDraft::default()
    };
    hub.store.make_draft(actor, &id, &new, now_ms)?;
    Ok((id, taken.told))
}

/// Opens a slot under the first name that is free for its campaign.
///
/// # Errors
/// See [`SlotError`].
pub fn open_slot(
    hub: &Hub,
    actor: &Actor,
    mut new: NewSlot,
    contributor: Option<i64>,
    now_ms: i64,
) -> Result<i64, SlotError> {
    let id = campaign_name(&new.name, |id| hub.store.is_campaign_name_taken(id))?;
    new.campaign = id.ok_or_else(|| SlotError::NameTaken(new.name.clone()))?;
    hub.store.open_slot(actor, &new, contributor, now_ms)
}

/// Begins the draft of a slot, unless there is one: for its screens and its days.
///
/// # Errors
/// See [`DeskFault`].
pub fn begin_in_slot(
    hub: &Hub,
    actor: &Actor,
    slot: &Slot,
    now_ms: i64,
) -> Result<Draft, DeskFault> {
    let terms = &slot.terms;
    let find = || hub.store.draft(&terms.campaign, actor.scope());
    if let Some(draft) = find()? {
        return Ok(draft);
    }
    let dates = Dates {
        from: Some(terms.first),
        until: Some(terms.last),
    };
    let text = set_keys("", &[("title", &terms.name)])?;
    let new = NewDraft {
        text: add_stage(&text, &terms.name, dates)?,
        group: terms.name.clone(),
        targets: terms.targets.clone(),
        ..NewDraft::default()
    };
    hub.store.make_draft(actor, &terms.campaign, &new, now_ms)?;
    Ok(find()?.ok_or(StoreError::OutOfScope)?)
}

/// Takes pieces into a slot and hands them in.
///
/// # Errors
/// See [`DeskFault`].
pub fn hand_in(
    hub: &Hub,
    actor: &Actor,
    slot: &Slot,
    (target, note): (&str, &str),
    received: &[Received],
    now_ms: i64,
) -> Result<Added, DeskFault> {
    let is_text =
        |one: &&Received| file_name(&one.name).is_ok_and(|name| name == campaign::FILE_NAME);
    let pieces: Vec<Received> = received
        .iter()
        .filter(|one| !is_text(one))
        .cloned()
        .collect();
    let draft = begin_in_slot(hub, actor, slot, now_ms)?;
    let taken = take(
        hub,
        ClaimBy::of(actor),
        &pieces,
        &draft.files,
        false,
        now_ms,
    );
    if taken.files.is_empty() && draft.files.is_empty() {
        return Err(DeskFault::Nothing(taken.told));
    }
    let text = match target.trim() {
        "" => None,
        target => Some(set_keys(&draft.row.text, &[("target", target)])?),
    };
    let (id, seen) = (&draft.row.campaign, Some(draft.revision));
    let change = DraftChange {
        text,
        add: taken.files,
        ..DraftChange::default()
    };
    let store = &hub.store;
    let seen = store.change_draft(actor, id, seen, &change, now_ms)?;
    store.submit_draft(actor, id, Some(seen), note, now_ms)?;
    Ok(taken.told)
}

fn free_id(hub: &Hub, title: &str) -> Result<CampaignId, DeskFault> {
    campaign_name(title, |id| hub.store.is_campaign_name_taken(id))?.ok_or(DeskFault::NoName)
}

/// Begins a draft of a template.
///
/// # Errors
/// See [`DeskFault`].
pub fn begin_with_template(
    hub: &Hub,
    actor: &Actor,
    (kind, language): (Kind, Language),
    name: &str,
    group: &str,
    now_ms: i64,
) -> Result<CampaignId, DeskFault> {
    let folder = WorkFolder::make(hub.folder(), "template")?;
    let id = free_id(hub, name)?;
    let today = clock::date_of(now_ms);
    let (made, names) = templates::write(kind, language, &id, folder.path(), today)?;
    let received: Vec<Received> = names
        .into_iter()
        .map(|name| Received {
            name: name.to_owned(),
            path: made.join(name),
        })
        .collect();
    let taken = take(hub, ClaimBy::of(actor), &received, &[], false, now_ms);
    let new = NewDraft {
        text: taken.text.unwrap_or_default(),
        files: taken.files,
        group: group.to_owned(),
        ..NewDraft::default()
    };
    hub.store.make_draft(actor, &id, &new, now_ms)?;
    Ok(id)
}

/// Takes files into a draft.
///
/// # Errors
/// See [`DeskFault`].
pub fn add_files(
    hub: &Hub,
    actor: &Actor,
    draft: &Draft,
    received: &[Received],
    replaces: bool,
    now_ms: i64,
) -> Result<Added, DeskFault> {
    let mut taken = take(
        hub,
        ClaimBy::of(actor),
        received,
        &draft.files,
        replaces,
        now_ms,
    );
    if taken.text.is_none() && taken.files.is_empty() {
        return Ok(taken.told);
    }
    taken.told.elsewhere = tell_elsewhere(hub, actor, &draft.row.campaign, &taken.files);
    let change = DraftChange {
        text: taken.text,
        add: taken.files,
        ..DraftChange::default()
    };
    hub.store.change_draft(
        actor,
        &draft.row.campaign,
        Some(draft.revision),
        &change,
        now_ms,
    )?;
    Ok(taken.told)
}

/// Takes a campaign folder in that comes as a zip archive: as a new draft, or in place of all that
/// a draft of its name has.
///
/// # Errors
/// See [`DeskFault`].
pub fn import(
    hub: &Hub,
    actor: &Actor,
    archive: &Received,
    (group, replaces): (&str, bool),
    now_ms: i64,
) -> Result<(CampaignId, Added), DeskFault> {
    let folder = WorkFolder::make(hub.folder(), "import")?;
    let unpacked = archive::unpack(&archive.path, folder.path())?;
    let mut taken = take(hub, ClaimBy::of(actor), &unpacked.files, &[], false, now_ms);
    taken.told.left_out.extend(unpacked.left_out);
    if taken.files.is_empty() && taken.text.is_none() {
        return Err(DeskFault::Nothing(taken.told));
    }
    let given = archive.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = given.strip_suffix(".zip").unwrap_or(given);
    let name = unpacked.name.as_deref().unwrap_or(stem);
    let own: Option<CampaignId> = name.parse().ok();
    let known = match own {
        Some(id) if replaces => hub.store.draft(&id, actor.scope())?,
        _ => None,
    };
    if let Some(draft) = known {
        let change = DraftChange {
            text: Some(taken.text.unwrap_or_default()),
            add: taken.files,
            removes_others: true,
            ..DraftChange::default()
        };
        let id = draft.row.campaign;
        hub.store
            .change_draft(actor, &id, Some(draft.revision), &change, now_ms)?;
        return Ok((id, taken.told));
    }
    let id = free_id(hub, name)?;
    let new = NewDraft {
        text: taken.text.unwrap_or_default(),
        files: taken.files,
        group: group.to_owned(),
        ..NewDraft::default()
    };
    hub.store.make_draft(actor, &id, &new, now_ms)?;
    Ok((id, taken.told))
}

/// Makes a draft that is another one but for its name and, if it has one, its title.
///
/// # Errors
/// See [`DeskFault`].
pub fn copy(
    hub: &Hub,
    actor: &Actor,
    draft: &Draft,
    name: &str,
    now_ms: i64,
) -> Result<CampaignId, DeskFault> {
    let id = free_id(hub, name)?;
    let files = draft.files.iter().map(|file| NewFile {
        name: file.name.clone(),
        digest: file.digest,
        size: file.size,
        // It has its row already, with its kind.
        media_type: "",
    });
    let text = if draft.row.text.is_empty() {
        String::new()
    } else {
        // A text that is no TOML is copied as it is.
        set_keys(&draft.row.text, &[("title", name)]).unwrap_or_else(|_| draft.row.text.clone())
    };
    let new = NewDraft {
        text,
        files: files.collect(),
        group: draft.row.group.clone(),
        targets: draft.targets.clone(),
    };
    hub.store.make_draft(actor, &id, &new, now_ms)?;
    Ok(id)
}

/// Writes a draft as a zip archive and returns it; nothing else knows the file.
///
/// # Errors
/// The disk or the store of creatives fails.
pub fn export(hub: &Hub, draft: &Draft) -> Result<fs::File, DeskFault> {
    let folder = WorkFolder::make(hub.folder(), "export")?;
    let path: &Path = &folder.path().join("campaign.zip");
    archive::pack(hub, draft, path)?;
    Ok(fs::File::open(path)?)
}

/// Deletes what nobody names any more, and returns how many files went.
///
/// # Errors
/// The database fails.
pub fn delete_unnamed(hub: &Hub, now_ms: i64) -> Result<usize, StoreError> {
    crate::sources::work_folder::clear(hub.folder(), now_ms);
    let dropped = hub.store.drop_unnamed(now_ms)?;
    let mut gone = Vec::with_capacity(dropped.len());
    for digest in dropped {
        match hub.blobs.remove(digest) {
            Ok(()) => gone.push(digest),
            // It stays marked, and is tried again.
            Err(error) => tracing::warn!(%digest, %error, "a file that nobody uses stays"),
        }
    }
    if !gone.is_empty() {
        hub.store.forget_dropped(&gone)?;
    }
    Ok(gone.len())
}
