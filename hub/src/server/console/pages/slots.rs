//! Slots: which there are, one of them, and what comes into it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use maud::{Markup, html};
use passerby_protocol::{ScreenNumber, foreign};

use crate::drafts::desk::{self, Added, DeskFault};
use crate::people::{GROUP_CHARS_MAX, Right, Role, line};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::audit_words;
use crate::server::console::fields::{Fields, path_with};
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::pages::drafts::common::{
    failure, large_form, left_out, path_of, pictures_field, said,
};
use crate::server::console::pages::drafts::finish::note_of;
use crate::server::console::pages::join::name_words;
use crate::server::console::pages::people_forms::{link_page, why};
use crate::server::console::refusals;
use crate::server::console::upload::{self, Upload};
use crate::store::{
    ChosenScreens, NewSlot, PeopleError, SLOT_PIECES_MAX, Slot, SlotError, SlotKind, SlotState,
    StoreError,
};
use crate::system::clock;

/// Slots on one page.
const PER_PAGE: usize = 50;
/// Days that a form suggests.
const DAYS_USUAL: i64 = 14;
/// Pieces that a form suggests.
const PIECES_USUAL: u32 = 5;

fn kind_words(kind: SlotKind) -> [&'static str; 2] {
    match kind {
        SlotKind::Picture => ["图片", "Pictures"],
        SlotKind::Film => ["影片", "Films"],
        SlotKind::Text => ["卡片和文字", "Cards and texts"],
    }
}

/// How a slot stands, as a word and a colour.
fn badge(asker: &Asker, slot: &Slot, today: Date) -> Markup {
    let (class, said) = match slot.state(today) {
        SlotState::Ended => ("badge plain", ["已结束", "Ended"]),
        SlotState::Closed => ("badge plain", ["已关闭", "Closed"]),
        SlotState::Open if slot.is_submitted => {
            ("badge warn", ["等待批准", "Waiting for approval"])
        }
        SlotState::Open if slot.is_as_published && today < slot.terms.first => {
            ("badge warn", ["未开始", "To come"])
        }
        SlotState::Open if slot.is_as_published => ("badge good", ["在播", "Airing"]),
        SlotState::Open => ("badge good", ["可以投稿", "Open"]),
    };
    html! { span class=(class) { (asker.say(said)) } }
}

fn row(asker: &Asker, slot: &Slot, today: Date) -> Markup {
    let terms = &slot.terms;
    html! {
        a.row href=(asker.at(&format!("/console/slots/{}", slot.id))) {
            span.name { (terms.name) }
            span.more { (terms.first) " – " (terms.last) " · " (slot.pieces) " / " (terms.pieces_max) }
            span.end { (badge(asker, slot, today)) }
        }
    }
}

/// The slots that somebody may hand in to now, for their first page.
pub(crate) fn open_ones(asker: &Asker, slots: &[Slot]) -> Markup {
    let today = clock::date_of(clock::now_ms());
    let open = || {
        let slots = slots.iter();
        slots.filter(|slot| slot.state(today) == SlotState::Open)
    };
    html! {
        @if open().next().is_some() {
            section {
                h2 { (asker.say(["可以投稿的档期", "Slots that you may hand in to"])) }
                ul.rows { @for slot in open() { li { (row(asker, slot, today)) } } }
            }
        }
    }
}

/// What the form for a new slot offers.
struct Known {
    groups: Vec<String>,
    contributors: Vec<(String, String)>,
}

/// `GET /console/slots`.
pub(crate) async fn list(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    list_page(&app, &asker, &fields, None).await
}

async fn list_page(app: &Shared, asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let (actor, before) = (Arc::clone(&asker.actor), fields.get("before").parse().ok());
    let read = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let slots = store.slots(scope, before, PER_PAGE + 1)?;
            let mut known = Known {
                groups: store.screen_words(scope)?.0,
                contributors: Vec::new(),
            };
            if actor.may(Right::ChangeSlots) {
                let people = store.people()?.into_iter();
                let may = people.filter(|person| {
                    person.role == Role::Contributor && person.scope.campaigns.is_some()
                });
                known.contributors = may
                    .map(|person| (person.id.to_string(), person.name))
                    .collect();
            }
            Ok::<_, StoreError>((slots, known))
        })
        .await;
    let (mut slots, known) = match read {
        Ok(read) => read,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let has_more = slots.len() > PER_PAGE;
    slots.truncate(PER_PAGE);
    let today = clock::date_of(clock::now_ms());
    let body = html! {
        (layout::mistake(wrong))
        p.soft { (asker.say([
            "档期是给投稿者的：几块屏幕、几天、几件作品。交来的等待批准，批准后只在这几天播，到期自己结束。",
            "A slot is for a contributor: some screens, some days, so many pieces. What comes in waits for approval; then it airs on those days and ends by itself.",
        ])) }
        section {
            @if slots.is_empty() { p { (asker.say(["还没有档期。", "There is no slot yet."])) } }
            ul.rows { @for slot in &slots { li { (row(asker, slot, today)) } } }
        }
        @if has_more && let Some(last) = slots.last() {
            div.foot { span {} a.button href=(asker.at(&path_with("/console/slots", &[("before", &last.id.to_string())]))) { (asker.say(["下一页", "Next page"])) } }
        }
        @if asker.actor.may(Right::ChangeSlots) { (new_form(asker, fields, &known, today)) }
    };
    let title = asker.say(["档期", "Slots"]);
    layout::page(asker, Chapter::Campaigns, title, fields, &body)
}

fn new_form(asker: &Asker, fields: &Fields, known: &Known, today: Date) -> Markup {
    let or = |name: &str, usual: String| {
        if fields.has(name) {
            fields.get(name).to_owned()
        } else {
            usual
        }
    };
    let last = today.checked_add((DAYS_USUAL - 1).days()).unwrap_or(today);
    let (first, last) = (or("first", today.to_string()), or("last", last.to_string()));
    let pieces = or("pieces", PIECES_USUAL.to_string());
    let later = asker.say(["以后用链接邀请", "Somebody who is invited by a link later"]);
    let people: Vec<(String, String)> = std::iter::once((String::new(), later.to_owned()))
        .chain(known.contributors.iter().cloned())
        .collect();
    html! {
        section {
            h2 { (asker.say(["开一个档期", "Open a slot"])) }
            (layout::form(asker, "/console/slots", "", &html! {
                (Line { is_required: true, hint: Some(asker.say(["例如：圣诞前两周，北区", "Such as: two weeks before Christmas, north"])),
                    ..Line::text("name", asker.say(["名称", "Name"]), fields.get("name")) }.markup())
                div.grid.two {
                    (Line { kind: "date", is_required: true, ..Line::text("first", asker.say(["播出第一天", "First day on air"]), &first) }.markup())
                    (Line { kind: "date", is_required: true, ..Line::text("last", asker.say(["播出最后一天", "Last day on air"]), &last) }.markup())
                }
                (Line { kind: "number", is_required: true, ..Line::text("pieces", asker.say(["最多几件作品", "How many pieces at most"]), &pieces) }.markup())
                fieldset {
                    legend { (asker.say(["可以交什么", "What may come in"])) }
                    @for kind in SlotKind::ALL {
                        @let is_chosen = fields.all("kind").any(|word| word == kind.word()) || (!fields.has("kind") && kind == SlotKind::Picture);
                        label.check { input type="checkbox" name="kind" value=(kind.word()) checked[is_chosen]; span { (asker.say(kind_words(kind))) } }
                    }
                }
                @if !known.groups.is_empty() {
                    fieldset {
                        legend { (asker.say(["哪些屏幕（一个都不选就是全部）", "Which screens; all, with none of them"])) }
                        @for group in &known.groups {
                            label.check { input type="checkbox" name="group" value=(group) checked[fields.all("group").any(|one| one == group)]; span { (group) } }
                        }
                    }
                }
                (choice("person", asker.say(["给谁", "For whom"]), fields.get("person"), &people))
                button.main { (asker.say(["开档期", "Open it"])) }
            }))
        }
    }
}

fn slot_words(error: &SlotError) -> [&'static str; 2] {
    match error {
        SlotError::NameTaken(_) => [
            "已经有叫这个名字的档期、分组或活动了。",
            "There is a slot, a group or a campaign of this name already.",
        ],
        SlotError::TooMany => ["档期太多了。", "There are too many slots."],
        SlotError::Days => [
            "日期不对：最后一天不能早于第一天，也不能已经过去，最多 400 天。",
            "These days do not fit: the last one must not be before the first or over, and at most 400 days.",
        ],
        SlotError::Pieces => [
            "作品数从 1 到 100，并至少选一种。",
            "Choose 1 to 100 pieces and at least one kind.",
        ],
        SlotError::OtherScreens => [
            "这些屏幕不归你管。请选择你的分组。",
            "These screens are in no group of yours; choose groups that are.",
        ],
        SlotError::Contributor => [
            "请选一个只限于某些活动分组的投稿者。",
            "Choose a contributor who is held to groups of campaigns.",
        ],
        SlotError::Store(_) => ["数据库没有回应。", "The database does not answer."],
    }
}

/// What a form says of a new slot.
pub(crate) fn new_of(fields: &Fields) -> Result<(NewSlot, Option<i64>), [&'static str; 2]> {
    let name = line(fields.get("name"), GROUP_CHARS_MAX).map_err(name_words)?;
    let day = |key| {
        let day = fields.get(key).trim().parse::<Date>();
        day.map_err(|_| slot_words(&SlotError::Days))
    };
    let pieces = fields.get("pieces").trim().parse().ok();
    let pieces = pieces.filter(|count| (1..=SLOT_PIECES_MAX).contains(count));
    let screens = fields.all("screen").map(str::parse::<ScreenNumber>);
    let targets = ChosenScreens {
        screens: screens
            .collect::<Result<BTreeSet<_>, _>>()
            .map_err(|_| slot_words(&SlotError::OtherScreens))?,
        groups: fields.all("group").map(str::to_owned).collect(),
    };
    let new = NewSlot {
        // The desk finds the one that is free.
        campaign: "slot"
            .parse()
            .map_err(|_| slot_words(&SlotError::TooMany))?,
        name,
        first: day("first")?,
        last: day("last")?,
        pieces_max: pieces.ok_or_else(|| slot_words(&SlotError::Pieces))?,
        kinds: fields.all("kind").filter_map(SlotKind::of_word).collect(),
        targets,
    };
    Ok((new, fields.word("person").and_then(|id| id.parse().ok())))
}

/// `POST /console/slots`.
pub(crate) async fn open(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let (new, contributor) = match new_of(&fields) {
        Ok(read) => read,
        Err(words) => {
            let page = list_page(&app, &asker, &fields, Some(asker.say(words))).await;
            return (MISTAKE, page).into_response();
        }
    };
    let actor = Arc::clone(&asker.actor);
    let opened = app
        .work(move |app| desk::open_slot(&app.hub, &actor, new, contributor, clock::now_ms()))
        .await;
    match opened {
        Ok(id) => asker
            .visitor
            .to(&format!("/console/slots/{id}?done=slot-opened")),
        Err(SlotError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(error) => {
            let wrong = asker.say(slot_words(&error));
            let page = list_page(&app, &asker, &fields, Some(wrong)).await;
            (MISTAKE, page).into_response()
        }
    }
}

async fn find(app: &Shared, asker: &Asker, id: &str) -> Result<Slot, Response> {
    let Ok(id) = id.parse::<i64>() else {
        return Err(refusals::not_here(&asker.visitor));
    };
    let actor = Arc::clone(&asker.actor);
    let found = app
        .work(move |app| app.hub.store.slot(id, actor.scope()))
        .await;
    match found {
        Ok(Some(slot)) => Ok(slot),
        Ok(None) => Err(refusals::not_here(&asker.visitor)),
        Err(error) => Err(refusals::failed(&asker.visitor, &error)),
    }
}

/// `GET /console/slots/{slot}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    match find(&app, &asker, &id).await {
        Ok(slot) => page(&asker, &slot, &fields, (None, &Added::default())),
        Err(refusal) => refusal,
    }
}

fn page(
    asker: &Asker,
    slot: &Slot,
    fields: &Fields,
    (wrong, told): (Option<&str>, &Added),
) -> Response {
    let today = clock::date_of(clock::now_ms());
    let terms = &slot.terms;
    let is_open = slot.state(today) == SlotState::Open;
    let draft = path_of(&terms.campaign);
    let kinds: Vec<&str> = terms
        .kinds
        .iter()
        .map(|kind| asker.say(kind_words(*kind)))
        .collect();
    let body = html! {
        (layout::mistake(wrong))
        (left_out(asker, told))
        p { (badge(asker, slot, today)) }
        section { dl.facts {
            dt { (asker.say(["播出", "On air"])) } dd { (terms.first) " – " (terms.last) }
            dt { (asker.say(["屏幕", "Screens"])) } dd {
                @if terms.targets.is_everywhere() { (asker.say(["所有屏幕", "All screens"])) }
                @for group in &terms.targets.groups { span.tag { (group) } " " }
                @if !terms.targets.screens.is_empty() { (terms.targets.screens.len()) (asker.say([" 块选定的屏幕", " chosen screens"])) }
            }
            dt { (asker.say(["作品", "Pieces"])) } dd { (slot.pieces) " / " (terms.pieces_max) " · " (kinds.join(", ")) }
            dt { (asker.say(["开档期的人", "Opened by"])) } dd { (foreign::escaped(&audit_words::actor(asker.visitor.language, &slot.made_by))) ", " (layout::moment(slot.made_ms)) }
        } }
        @if is_open && asker.actor.may(Right::ChangeDrafts) { (hand_in_form(asker, slot, fields)) }
        @if slot.has_draft && asker.actor.may(Right::ChangeDrafts) {
            p { a.button href=(asker.at(&draft)) {
                @if slot.is_submitted && asker.actor.may(Right::ChangeCampaigns) { (asker.say(["查看并批准", "See and approve it"])) }
                @else { (asker.say(["看看里面有什么", "See what is in it"])) }
            } }
        }
        @if asker.actor.may(Right::ChangeSlots) && slot.state(today) != SlotState::Closed {
            section {
                h2 { (asker.say(["管理", "Manage it"])) }
                @if is_open {
                    (layout::form(asker, &format!("/console/slots/{}/invite", slot.id), "", &html! {
                        button { (asker.say(["创建邀请链接", "Make a link for a contributor"])) }
                    }))
                }
                details {
                    summary { (asker.say(["关闭档期", "Close the slot"])) }
                    p { (asker.say(["之后不能再交作品。已经批准的会播到最后一天。", "Nothing more comes in. What was approved airs until the last day."])) }
                    (layout::form(asker, &format!("/console/slots/{}/close", slot.id), "", &html! {
                        button.danger { (asker.say(["关闭", "Close it"])) }
                    }))
                }
            }
        }
    };
    layout::page(asker, Chapter::Campaigns, &terms.name, fields, &body)
}

fn hand_in_form(asker: &Asker, slot: &Slot, fields: &Fields) -> Markup {
    html! {
        section {
            h2 { (asker.say(["交作品", "Hand pieces in"])) }
            (large_form(asker, &format!("/console/slots/{}/files", slot.id), &html! {
                (pictures_field(asker, asker.say(["图片和影片", "Pictures and films"])))
                (Line { kind: "url", hint: Some(asker.say(["没有链接就没有二维码。", "Without a link there is no code."])), ..Line::text("target", asker.say(["码通向哪里", "Where the code leads"]), fields.get("target")) }.markup())
                (Line::text("note", asker.say(["留言（可以不填）", "A note, if you like"]), fields.get("note")).markup())
                button.main { (asker.say(["上传并提交", "Upload and hand in"])) }
            }))
            p.hint { (asker.say(["发布者批准之后才会播。", "It airs once a publisher approves it."])) }
        }
    }
}

/// `POST /console/slots/{slot}/files`.
pub(crate) async fn hand_in(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let slot = match find(&app, &asker, &id).await {
        Ok(slot) => slot,
        Err(refusal) => return refusal,
    };
    let upload = match upload::read(&app, &asker, request, Some(&slot.terms.campaign)).await {
        Ok(upload) => upload,
        Err(refusal) => return refusal,
    };
    let fields = upload.fields.clone();
    let (actor, of) = (Arc::clone(&asker.actor), slot.clone());
    let made = app
        .work(move |app| {
            let Upload { fields, files, .. } = &upload;
            let said = (fields.get("target"), note_of(fields.get("note")));
            let said = (said.0, said.1.as_str());
            desk::hand_in(&app.hub, &actor, &of, said, files, clock::now_ms())
        })
        .await;
    match made {
        Ok(told) if told.left_out.is_empty() => asker
            .visitor
            .to(&format!("/console/slots/{}?done=submitted", slot.id)),
        Ok(told) => {
            let now = match find(&app, &asker, &id).await {
                Ok(now) => now,
                Err(refusal) => return refusal,
            };
            (MISTAKE, page(&asker, &now, &fields, (None, &told))).into_response()
        }
        Err(fault) => {
            if let Some(page) = failure(&asker, &fault) {
                return page;
            }
            let wrong = said(&asker, &fault);
            let told = match fault {
                DeskFault::Nothing(told) => told,
                _ => Added::default(),
            };
            (MISTAKE, page(&asker, &slot, &fields, (Some(&wrong), &told))).into_response()
        }
    }
}

/// `POST /console/slots/{slot}/invite`.
pub(crate) async fn invite(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let slot = match find(&app, &asker, &id).await {
        Ok(slot) => slot,
        Err(refusal) => return refusal,
    };
    let (actor, number) = (Arc::clone(&asker.actor), slot.id);
    let made = app
        .work(move |app| {
            app.hub
                .store
                .invite_to_slot(&actor, number, clock::now_ms())
        })
        .await;
    match made {
        Ok(secret) => link_page(&app, &asker, &secret),
        Err(PeopleError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(error) => {
            let wrong = asker.say(why(&error));
            let page = page(&asker, &slot, &fields, (Some(wrong), &Added::default()));
            (MISTAKE, page).into_response()
        }
    }
}

/// `POST /console/slots/{slot}/close`.
pub(crate) async fn close(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let closed = app
        .work(move |app| app.hub.store.close_slot(&actor, id, clock::now_ms()))
        .await;
    match closed {
        Ok(()) => asker
            .visitor
            .to(&format!("/console/slots/{id}?done=slot-closed")),
        Err(SlotError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(_) => refusals::not_here(&asker.visitor),
    }
}
