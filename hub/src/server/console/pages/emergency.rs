//! Emergency messages: chosen and written on one page, named and confirmed on the next, gone by one
//! press.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::manifest::ManifestNotice;
use passerby_protocol::{ScreenNumber, foreign};

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, number};
use crate::server::console::{audit_words, refusals};
use crate::store::{
    AiringEmergency, EmergencyBegin, EmergencyScreen, EmergencyTargets, StoreError,
};
use crate::system::clock;

/// How many screens are named before somebody confirms.
const NAMED_MAX: usize = 30;

/// `GET /console/emergency`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None).await
}

async fn page(app: &Shared, asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let actor = Arc::clone(&asker.actor);
    let groups = app
        .work(move |app| app.hub.store.screen_words(actor.scope()))
        .await;
    let groups = match groups {
        Ok((groups, _)) => groups,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let body = html! {
        (layout::mistake(wrong))
        p { (asker.say([
            "这条消息会盖住屏幕上的一切，直到你结束它。第一步写好、选好屏幕；第二步确认。",
            "The message covers everything on the screens until you end it. First write it and choose the screens; then confirm.",
        ])) }
        section {
            (layout::form(asker, "/console/emergency/check", "", &form(asker, fields, &groups)))
        }
    };
    let title = asker.say(["紧急消息", "Emergency message"]);
    layout::page(asker, Chapter::Screens, title, fields, &body)
}

fn form(asker: &Asker, fields: &Fields, groups: &[String]) -> Markup {
    let which = fields.get("which");
    let chosen: BTreeSet<&str> = fields.all("group").collect();
    html! {
        (Line { is_required: true, hint: Some(asker.say(["一句话，例如：请立即离开大楼", "One sentence, such as: Leave the building now"])), ..Line::text("headline", asker.say(["标题", "Headline"]), fields.get("headline")) }.markup())
        (Line { hint: Some(asker.say(["可以不填，例如：请走楼梯，在停车场集合", "If you like, such as: Use the stairs and gather in the car park"])), ..Line::text("body", asker.say(["还要说的", "What else to say"]), fields.get("body")) }.markup())
        fieldset {
            legend { (asker.say(["哪些屏幕", "Which screens"])) }
            label.check { input type="radio" name="which" value="all" checked[which == "all"]; span { (asker.say(["所有屏幕", "All screens"])) } }
            @if !groups.is_empty() {
                label.check { input type="radio" name="which" value="groups" checked[which == "groups"]; span { (asker.say(["这些分组", "These groups"])) } }
                div.under { @for group in groups {
                    label.check { input type="checkbox" name="group" value=(group) checked[chosen.contains(group.as_str())]; span { (group) } }
                } }
            }
            label.check { input type="radio" name="which" value="screens" checked[which == "screens"]; span { (asker.say(["这些屏幕", "These screens"])) } }
            div.under { input name="screens" value=(fields.get("screens")) autocomplete="off" aria-label=(asker.say(["屏幕的编号，用逗号分开", "Numbers of screens, with commas between them"]));
            p.hint { (asker.say(["屏幕的编号，用逗号分开", "Numbers of screens, with commas between them"])) } }
        }
        button.main { (asker.say(["下一步：看一遍", "Next: look at it once"])) }
    }
}

/// Reads the message and whom it is for.
fn read(fields: &Fields) -> Result<(ManifestNotice, EmergencyTargets), [&'static str; 2]> {
    let notice = ManifestNotice::new(fields.get("headline"), fields.get("body"));
    let notice = notice.ok_or([
        "标题要有 1 到 80 个字，全文最多 2000 个字。",
        "A headline has 1 to 80 characters, and all of it at most 2,000.",
    ])?;
    let mut targets = EmergencyTargets::default();
    match fields.get("which") {
        "all" => targets.everywhere = true,
        "groups" => targets.groups = fields.all("group").map(str::to_owned).collect(),
        "screens" => {
            let numbers = fields.get("screens").split([',', '，', '、', ' ']);
            let numbers = numbers.map(str::trim).filter(|text| !text.is_empty());
            let screens: Result<BTreeSet<ScreenNumber>, _> = numbers.map(str::parse).collect();
            targets.screens = screens.map_err(|_| {
                [
                    "屏幕的编号是数字，用逗号分开。",
                    "Screens are named by their numbers, with commas between them.",
                ]
            })?;
        }
        _ => return Err(["请选择屏幕。", "Choose the screens."]),
    }
    Ok((notice, targets))
}

/// `POST /console/emergency/check`: shows what would be where.
pub(crate) async fn check(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let (notice, targets) = match read(&fields) {
        Ok(read) => read,
        Err(words) => return mistaken(&app, &asker, &fields, words).await,
    };
    let actor = Arc::clone(&asker.actor);
    let screens = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let screens = store.emergency_screens(scope, &targets)?;
            Ok::<_, StoreError>((screens, store.airing_emergencies(scope)?))
        })
        .await;
    match screens {
        Ok((screens, _)) if screens.is_empty() => mistaken(&app, &asker, &fields, NOBODY).await,
        Ok((screens, airing)) => confirm(&asker, &fields, &notice, (&screens, &airing)),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

const NOBODY: [&str; 2] = [
    "没有这样的屏幕。请重新选择。",
    "There is no such screen. Choose again.",
];

async fn mistaken(
    app: &Shared,
    asker: &Asker,
    fields: &Fields,
    words: [&'static str; 2],
) -> Response {
    let page = page(app, asker, fields, Some(asker.say(words))).await;
    (MISTAKE, page).into_response()
}

fn confirm(
    asker: &Asker,
    fields: &Fields,
    notice: &ManifestNotice,
    (screens, airing): (&[EmergencyScreen], &[AiringEmergency]),
) -> Response {
    let count = u64::try_from(screens.len()).unwrap_or(u64::MAX);
    let carried = ["headline", "body", "which", "screens"];
    let replaced: BTreeSet<i64> = screens.iter().filter_map(|one| one.covered_by).collect();
    let body = html! {
        @if !replaced.is_empty() { (airing_now(asker, screens, airing)) }
        section.alarm-card {
            h2 { (notice.headline) }
            @for line in notice.body.lines() { p { (line) } }
        }
        section {
            h2 { (asker.say(["会盖住这些屏幕：", "It covers these screens: "])) (number(count)) }
            ul.rows { @for screen in screens.iter().take(NAMED_MAX) { li.item { (screen.screen) " · " (screen.name) } } }
            @if screens.len() > NAMED_MAX {
                p.soft { (asker.say(["……以及另外 ", "… and "])) (screens.len() - NAMED_MAX) (asker.say([" 块屏幕", " more"])) }
            }
        }
        (layout::form(asker, "/console/emergency", "actions", &html! {
            @for name in carried { input type="hidden" name=(name) value=(fields.get(name)); }
            @for group in fields.all("group") { input type="hidden" name="group" value=(group); }
            @for id in &replaced { input type="hidden" name="replaces" value=(id); }
            button.main { (asker.say(if replaced.is_empty() { ["立即播出", "Air it now"] } else { ["替换并立即播出", "Replace it and air this now"] })) }
            a.button href=(asker.at("/console/emergency")) { (asker.say(["不播", "Do not"])) }
        }))
    };
    let title = asker.say(["确认紧急消息", "Confirm the emergency message"]);
    layout::page(asker, Chapter::Screens, title, &Fields::default(), &body)
}

/// What covers some of the screens now, and would be gone.
fn airing_now(asker: &Asker, screens: &[EmergencyScreen], airing: &[AiringEmergency]) -> Markup {
    let now_ms = clock::now_ms();
    let language = asker.visitor.language;
    let on = |id| {
        screens
            .iter()
            .filter(|one| one.covered_by == Some(id))
            .count()
    };
    html! {
        div.notice.warn {
            p { strong { (asker.say(["这些屏幕上正在播另一条紧急消息，它会被替换：", "Another emergency message airs there now, and would be replaced:"])) } }
            ul { @for one in airing.iter().filter(|one| on(one.emergency) > 0) { li {
                "“" (foreign::escaped(&one.headline)) "” · "
                (audit_words::actor(language, &one.begun_by)) " · " (layout::ago(language, one.begun_ms, now_ms)) " · "
                (number(u64::try_from(on(one.emergency)).unwrap_or(u64::MAX))) (asker.say([" 块屏幕", if on(one.emergency) == 1 { " screen" } else { " screens" }]))
            } } }
        }
    }
}

/// `POST /console/emergency`: airs it. What came between and was not on the page that was confirmed
/// is shown first.
pub(crate) async fn begin(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let (notice, targets) = match read(&fields) {
        Ok(read) => read,
        Err(words) => return mistaken(&app, &asker, &fields, words).await,
    };
    let replaced = fields.all("replaces").map(str::parse);
    let seen: BTreeSet<i64> = replaced.filter_map(Result::ok).collect();
    let actor = Arc::clone(&asker.actor);
    let begun = app
        .work(move |app| {
            let store = &app.hub.store;
            store.begin_emergency(&actor, &notice, &targets, Some(&seen), clock::now_ms())
        })
        .await;
    match begun {
        Ok(EmergencyBegin::Begun(_)) => asker.visitor.to("/console?done=emergency-begun"),
        Ok(EmergencyBegin::ForNobody) => mistaken(&app, &asker, &fields, NOBODY).await,
        Ok(EmergencyBegin::Unseen) => check(State(app), asker, fields).await,
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `POST /console/emergency/{emergency}/end`.
pub(crate) async fn end(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let ended = app
        .work(move |app| app.hub.store.end_emergency(&actor, id, clock::now_ms()))
        .await;
    match ended {
        Ok(_) => asker.visitor.to("/console?done=emergency-ended"),
        Err(StoreError::OutOfScope) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}
