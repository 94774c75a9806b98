//! One placement of a draft: how it will look, its line, its days and hours, and where else its
//! file is used.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use passerby_protocol::foreign;

use crate::drafts::placements::{airing_of, file_of, placements_of};
use crate::drafts::text::{PlacementForm, outline, set_dates, set_placement};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{self, Chapter, Line};
use crate::server::console::pages::drafts::common::{Asked, path_of, seen};
use crate::server::console::pages::drafts::forms::{change, dates_of, with_text};
use crate::server::console::pages::drafts::preview::both;
use crate::server::console::pages::times::standing_badge;
use crate::server::console::refusals;
use crate::system::clock;

/// `GET /console/drafts/{campaign}/placements/{place}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    Path((_, place)): Path<(String, usize)>,
    fields: Fields,
) -> Response {
    let Ok(outline) = outline(&draft.row.text) else {
        return asker.visitor.to(&path_of(&draft.row.campaign));
    };
    let placements = placements_of(&draft, &outline);
    let Some(placement) = placements.get(place) else {
        return refusals::not_here(&asker.visitor);
    };
    let uses = match file_of(&draft, placement) {
        Some(file) => {
            let (actor, digest) = (Arc::clone(&asker.actor), file.digest);
            let uses = app.work(move |app| app.hub.store.uses_of(digest, actor.scope()));
            uses.await.unwrap_or_default()
        }
        None => Vec::new(),
    };
    let looks = match both(&app, &asker, &draft, place).await {
        Ok(looks) => looks,
        Err(refusal) => return refusal,
    };
    let path = path_of(&draft.row.campaign);
    let day = |date: Option<jiff::civil::Date>| date.map_or(String::new(), |date| date.to_string());
    let (from, until) = outline.days_of(placement);
    let whole = |number: Option<i64>| number.map_or(String::new(), |number| number.to_string());
    let standing = outline.standing(placement, clock::date_of(clock::now_ms()));
    let body: Markup = html! {
        p { (standing_badge(&asker, standing)) }
        section {
            h2 { (asker.say(["屏幕上的样子", "As a screen shows it"])) }
            (looks)
        }
        section {
            (layout::form(&asker, &format!("{path}/placements/{place}"), "", &html! {
                (seen(&draft))
                (Line { hint: Some(asker.say(["不填就用活动的那一句。", "The campaign's line, if you leave it out."])), ..Line::text("headline", asker.say(["旁边的一句话", "The line beside it"]), placement.headline.as_deref().unwrap_or_default()) }.markup())
                div.grid.two {
                    (Line { kind: "date", ..Line::text("from", asker.say(["第一天", "First day"]), &day(from)) }.markup())
                    (Line { kind: "date", ..Line::text("until", asker.say(["最后一天", "Last day"]), &day(until)) }.markup())
                    (Line { kind: "number", ..Line::text("seconds", asker.say(["每次几秒", "Seconds on screen"]), &whole(placement.seconds)) }.markup())
                    (Line { kind: "number", ..Line::text("weight", asker.say(["权重", "Weight"]), &whole(placement.weight)) }.markup())
                }
                (Line { hint: Some("mon-fri 07:00-10:00; sat,sun 10:00-24:00"), ..Line::text("dayparts", asker.say(["时段", "Hours"]), &placement.dayparts.join("; ")) }.markup())
                button.main { (asker.say(["保存", "Save"])) }
            }))
        }
        section {
            h2 { (asker.say(["这个文件用在哪里", "Where this file is used"])) }
            ul { @for campaign in &uses { li { (foreign::escaped(campaign)) } } }
        }
        p { a.button href=(asker.at(&path)) { (asker.say(["回到草稿", "Back to the draft"])) } }
    };
    let title = foreign::escaped(&placement.creative).into_owned();
    layout::page(&asker, Chapter::Campaigns, &title, &fields, &body)
}

/// `POST /console/drafts/{campaign}/placements/{place}`.
pub(crate) async fn save(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    Path((_, place)): Path<(String, usize)>,
    fields: Fields,
) -> Response {
    let whole = |name| fields.word(name).and_then(|text| text.parse().ok());
    let dayparts = fields.get("dayparts").split([';', '；']);
    let form = PlacementForm {
        headline: fields.word("headline").map(str::to_owned),
        seconds: whole("seconds"),
        weight: whole("weight"),
        dayparts: dayparts
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect(),
    };
    let airing = airing_of(&draft);
    let dates = dates_of(&fields);
    let had = outline(&draft.row.text).ok().and_then(|outline| {
        let placements = placements_of(&draft, &outline);
        Some(outline.days_of(placements.get(place)?))
    });
    let text = set_placement(&draft.row.text, &airing, place, &form).and_then(|text| {
        // Stages that somebody wrote stay, unless the days were changed.
        if had == Some((dates.from, dates.until)) {
            return Ok(text);
        }
        set_dates(&text, &airing, &[place], dates)
    });
    change(&app, &asker, draft, &fields, text.map(with_text)).await
}
