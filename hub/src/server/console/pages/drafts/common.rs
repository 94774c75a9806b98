//! What the pages of drafts have in common.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Response;
use maud::{Markup, html};
use passerby_protocol::content_fault::FieldFault;
use passerby_protocol::{CampaignId, foreign};

use crate::drafts::archive::ArchiveFault;
use crate::drafts::desk::{Added, DeskFault};
use crate::drafts::file::UPLOAD_FILES_MAX;
use crate::people::Actor;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::escaped;
use crate::server::console::layout;
use crate::server::console::pages::drafts::faults::{of_archive, of_file, of_quota};
use crate::server::console::{fault_words, refusals};
use crate::server::language::Language;
use crate::store::{CampaignFile, ClaimError, Draft, DraftError, SlotFault, StoreError};

/// What phones offer to choose: with HEIC left out, iOS hands pictures over as JPEG.
pub(crate) const ACCEPTED: &str =
    "image/jpeg,image/png,image/webp,image/gif,image/svg+xml,video/mp4,video/quicktime,video/webm";
/// How long a page waits for what is looked at.
const LOOK_TIME: Duration = Duration::from_secs(12);

/// Where a draft's page is.
pub(crate) fn path_of(id: &CampaignId) -> String {
    format!("/console/drafts/{}", escaped(id.as_str()))
}

/// The draft that a path names, where the asker has to do with it: whoever has not sees the page of
/// what is not there. It is read before anything of a body is.
pub(crate) struct Asked(pub(crate) Draft);

impl FromRequestParts<Shared> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let asker = Asker::from_request_parts(parts, app).await?;
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let named = named
            .ok()
            .and_then(|Path(mut named)| named.remove("campaign"));
        let Some(id) = named else {
            return Err(refusals::not_here(&asker.visitor));
        };
        find(app, &asker, &id).await.map(Self)
    }
}

/// Reads a draft that the asker has to do with.
///
/// # Errors
/// The page that says why not.
pub(crate) async fn find(app: &Shared, asker: &Asker, id: &str) -> Result<Draft, Response> {
    let Ok(id) = id.parse::<CampaignId>() else {
        return Err(refusals::not_here(&asker.visitor));
    };
    let actor = Arc::clone(&asker.actor);
    let found = app
        .work(move |app| app.hub.store.draft(&id, actor.scope()))
        .await;
    match found {
        Ok(Some(draft)) => Ok(draft),
        Ok(None) => Err(refusals::not_here(&asker.visitor)),
        Err(error) => Err(refusals::failed(&asker.visitor, &error)),
    }
}

/// The same, looked at, unless that takes too long: what has begun goes on then.
pub(crate) async fn looked_at(app: &Shared, asker: &Asker, draft: Draft) -> Draft {
    looked_at_by(app, &asker.actor, draft).await
}

/// The same for whoever asks.
pub(crate) async fn looked_at_by(app: &Shared, actor: &Arc<Actor>, draft: Draft) -> Draft {
    // What a film will be is not known while it is made ready.
    if is_looked_at(&draft) || draft.has_open_films() {
        return draft;
    }
    let (actor, id) = (Arc::clone(actor), draft.row.campaign.clone());
    let look = async {
        let turn = app.work_of_people.look_turn(&actor).await?;
        let look = app.work(move |app| {
            let _turn = turn;
            let now = app.hub.store.draft(&id, actor.scope()).ok()??;
            if !is_looked_at(&now)
                && !now.has_open_films()
                && let Err(error) = app.looker.look(&app.hub, &now)
            {
                tracing::error!(%error, "a draft was not looked at");
            }
            app.hub.store.draft(&id, actor.scope()).ok()?
        });
        look.await
    };
    match tokio::time::timeout(LOOK_TIME, look).await {
        Ok(Some(draft)) => draft,
        _ => draft,
    }
}

/// Whether what was found is of the draft as it is.
pub(crate) fn is_looked_at(draft: &Draft) -> bool {
    let found = draft.found.as_ref();
    found.is_some_and(|found| found.revision == draft.revision)
}

/// What a form of a draft carries: the revision that its sender has seen.
pub(crate) fn seen(draft: &Draft) -> Markup {
    html! { input type="hidden" name="revision" value=(draft.revision); }
}

/// A form with files or long texts.
pub(crate) fn large_form(asker: &Asker, path: &str, body: &Markup) -> Markup {
    html! {
        form method="post" action=(asker.at(path)) enctype="multipart/form-data" {
            input type="hidden" name="csrf" value=(asker.csrf());
            (body)
        }
    }
}

/// The field for pictures and films.
pub(crate) fn pictures_field(asker: &Asker, label: &str) -> Markup {
    let hint = format!(
        "{}{UPLOAD_FILES_MAX}{}",
        asker.say([
            "JPEG、PNG、WebP、GIF、SVG、MP4、MOV、WebM；一次最多 ",
            "JPEG, PNG, WebP, GIF, SVG, MP4, MOV or WebM; at most "
        ]),
        asker.say([" 个文件。", " files at a time."])
    );
    html! {
        div.field {
            label for="files" { (label) }
            input id="files" name="files" type="file" multiple accept=(ACCEPTED) aria-describedby="files-hint";
            p.hint id="files-hint" { (hint) }
        }
    }
}

/// The small picture of a file.
pub(crate) fn picture(asker: &Asker, file: Option<&CampaignFile>) -> Markup {
    html! {
        @match file {
            Some(file) if file.has_picture => img src=(asker.at(&format!("/p/{}.jpg", file.digest))) alt="" loading="lazy";,
            _ => div.none { (asker.say(["没有预览", "No picture of it"])) },
        }
    }
}

/// Files that were not taken, and why.
pub(crate) fn left_out(asker: &Asker, told: &Added) -> Markup {
    html! {
        @if !told.left_out.is_empty() {
            div.notice.warn role="status" {
                p { (asker.say(["没有收下：", "Not taken:"])) }
                ul { @for (name, reason) in &told.left_out {
                    li { strong { (foreign::escaped(name)) } ": " (foreign::escaped(&of_file(asker, reason))) }
                } }
            }
        }
    }
}

/// Why something was not done, for the page.
pub(crate) fn said(asker: &Asker, fault: &DeskFault) -> String {
    let words = match fault {
        DeskFault::Draft(error) => return said_of_draft(asker, error),
        DeskFault::Nothing(_) => ["请至少选择一张图片。", "Choose at least one picture."],
        DeskFault::NoName => [
            "同名活动太多，请换一个标题。",
            "Too many campaigns have this title; take another one.",
        ],
        DeskFault::Archive(fault) => {
            let said = of_archive(asker, fault);
            return foreign::escaped(&said).into_owned();
        }
        DeskFault::Text(fault) if asker.visitor.language == Language::Chinese => {
            let said = format!("campaign.toml:{}: {}", fault.line, no_toml(&fault.message));
            return foreign::escaped(&said).into_owned();
        }
        other => return foreign::escaped(&other.to_string()).into_owned(),
    };
    asker.say(words).to_owned()
}

fn no_toml(words: &str) -> String {
    let fault = FieldFault::NotToml {
        words: words.to_owned(),
    };
    fault_words::said(Language::Chinese, words, Some(&fault.into()))
}

/// The same of a change that was refused.
pub(crate) fn said_of_draft(asker: &Asker, error: &DraftError) -> String {
    let words = match error {
        DraftError::Changed { by, .. } => {
            let by = foreign::escaped(by);
            let words = [
                " 刚刚修改了这个草稿。你的内容还没有保存；看一看现在的样子，再保存一次。",
                " has changed this draft meanwhile. What you entered is not saved yet: look at it as it is now, and save once more.",
            ];
            return format!("{by}{}", asker.say(words));
        }
        DraftError::Taken(_) => [
            "已经有这个名字的活动了，请换一个名字。",
            "There is a campaign of this name already; take another name.",
        ],
        DraftError::Slot(fault) => return said_of_slot(asker, fault),
        DraftError::NotSubmitted => [
            "这个草稿没有在等待批准。",
            "This draft does not wait for approval.",
        ],
        DraftError::Store(StoreError::OutOfScope) => [
            "没有这个草稿，或者它不归你管。",
            "There is no such draft, or it is none of yours.",
        ],
        DraftError::TooManyDrafts => [
            "草稿太多了，先删掉一个。",
            "There are too many drafts; delete one first.",
        ],
        DraftError::TooManyFiles => [
            "文件太多了，先拿掉几个。",
            "It would have too many files; take some out first.",
        ],
        DraftError::Full => [
            "所有草稿和版本占的空间太大了，先删掉一些草稿。",
            "The files of all drafts and versions take too much room; delete drafts first.",
        ],
        DraftError::Quota(fault) if asker.visitor.language == Language::Chinese => {
            return of_quota(*fault);
        }
        DraftError::FilmsWait => [
            "还有视频正在处理，处理完再发布；也可以取消处理。",
            "A film of it is still being made ready: publish it when that is done, or call it off.",
        ],
        DraftError::TooManyFilms => [
            "等待处理的视频太多了，等几个处理完再试。",
            "Too many films wait to be made ready; try again when some are done.",
        ],
        DraftError::FilmElsewhere(_) => [
            "这个视频的状态已经变了，再看一下。",
            "Something else has become of this film meanwhile; look at it as it is now.",
        ],
        DraftError::OtherScreens => [
            "它要在不归你管的屏幕上播放；请选择归你管的屏幕或分组。",
            "It is for screens that are in no group of yours; choose screens or groups that are.",
        ],
        DraftError::AirsElsewhere => [
            "它正在不归你管的屏幕上播放；请管理那些屏幕的人来发布。",
            "It airs on screens that are in no group of yours; ask somebody who runs these to publish it.",
        ],
        DraftError::Claim(ClaimError::Dropped) => [
            "内容相同的文件正在被删除，请过一分钟再试。",
            "A file with the same content is just being deleted; try again in a minute.",
        ],
        other => return foreign::escaped(&other.to_string()).into_owned(),
    };
    asker.say(words).to_owned()
}

/// Why something does not go into a slot.
fn said_of_slot(asker: &Asker, fault: &SlotFault) -> String {
    let words = match fault {
        SlotFault::Closed => [
            "档期已经结束，不能再交作品。",
            "This slot is over; nothing more goes into it.",
        ],
        SlotFault::TooMany(most) => {
            let words = ["这个档期最多的作品数：", "Most pieces in this slot: "];
            return format!("{}{most}", asker.say(words));
        }
        SlotFault::Kind(name) => {
            let words = [
                "这个档期不收这种文件：",
                "This slot does not take files of this kind: ",
            ];
            return format!("{}{}", asker.say(words), foreign::escaped(name));
        }
        SlotFault::Days(first, last) => {
            let words = [
                "档期只在这几天播，阶段的日期要在其中：",
                "A slot airs on its own days alone, and its stages must lie within them: ",
            ];
            return format!("{}{first} – {last}", asker.say(words));
        }
        SlotFault::Screens => [
            "档期的屏幕是开档期时定的，不能改。",
            "The screens of a slot are those that it was opened for.",
        ],
        SlotFault::NotItsCampaign => [
            "这个分组属于一个档期，请在档期里交作品。",
            "This group belongs to a slot; hand pieces in there.",
        ],
    };
    asker.say(words).to_owned()
}

/// Whether the fault is the database's, and the page is the one for that.
pub(crate) fn failure(asker: &Asker, fault: &DeskFault) -> Option<Response> {
    match fault {
        DeskFault::Draft(DraftError::Store(error)) => Some(refusals::failed(&asker.visitor, error)),
        DeskFault::Disk(_) | DeskFault::Archive(ArchiveFault::Disk(_) | ArchiveFault::Blob(_)) => {
            tracing::error!(error = %fault, "a draft was not kept");
            Some(refusals::not_stored(&asker.visitor))
        }
        _ => None,
    }
}

/// A box with a mistake, which may be long.
pub(crate) fn mistake(text: Option<&str>) -> Markup {
    layout::mistake(text)
}
