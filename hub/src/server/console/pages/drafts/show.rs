//! One draft: what it shows, what is wrong with it, and what comes next.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::civil::Date;
use maud::{Markup, html};
use passerby_protocol::{Campaign, foreign};

use crate::air_times;
use crate::air_times::conflicts::Finding;
use crate::drafts::desk::Added;
use crate::drafts::placements::{file_of, placements_of};
use crate::drafts::text::{Outline, OutlinePlacement, Standing, TextFault, outline};
use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{self, Chapter, Line, choice};
use crate::server::console::pages::drafts::common::{
    find, is_looked_at, large_form, left_out, looked_at, mistake, path_of, picture, pictures_field,
    seen,
};
use crate::server::console::pages::drafts::conflicts;
use crate::server::console::pages::drafts::film_list;
use crate::server::console::pages::drafts::list::{badge, title_of};
use crate::server::console::pages::drafts::page_words::{CHINESE, ENGLISH, area, page_words};
use crate::server::console::pages::drafts::places;
use crate::server::console::pages::times::{self, standing_badge};
use crate::server::console::refusals;
use crate::store::{Draft, DraftState, FilePlace, ScreenFilter, StoreError};
use crate::system::clock;

/// Most screens that can be ticked; groups reach the others.
const SCREENS_LISTED: usize = 200;

/// A draft with what its page shows besides.
pub(crate) struct View {
    pub(crate) draft: Draft,
    outline: Result<Outline, TextFault>,
    screens: Vec<(String, String)>,
    groups: Vec<String>,
    findings: Vec<Finding>,
    campaign: Option<Campaign>,
    places: Vec<FilePlace>,
}

/// What was wrong with a form that was sent, and what it said.
#[derive(Default)]
pub(crate) struct Sent<'a> {
    pub(crate) wrong: Option<&'a str>,
    pub(crate) told: Added,
    pub(crate) typed: Option<&'a Fields>,
}

/// `GET /console/drafts/{campaign}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    match find(&app, &asker, &id).await {
        Ok(draft) => page(&app, &asker, draft, &fields, &Sent::default()).await,
        Err(refusal) => refusal,
    }
}

/// The page of a draft.
pub(crate) async fn page(
    app: &Shared,
    asker: &Asker,
    draft: Draft,
    fields: &Fields,
    sent: &Sent<'_>,
) -> Response {
    let draft = looked_at(app, asker, draft).await;
    let read = {
        let actor = Arc::clone(&asker.actor);
        let draft = draft.clone();
        app.work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let (campaign, findings) = conflicts::of_draft(store, &draft, scope)?;
            let filter = ScreenFilter::default();
            let screens = store.screen_list(&filter, scope, SCREENS_LISTED, clock::now_ms())?;
            let (groups, _) = store.screen_words(scope)?;
            let own = Some(&draft.row.campaign);
            let places = store.places_of(&places::asked(&draft), own, scope)?;
            Ok::<_, StoreError>((screens, groups, campaign, findings, places))
        })
        .await
    };
    let (screens, groups, campaign, findings, places) = match read {
        Ok(read) => read,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let view = View {
        outline: outline(&draft.row.text),
        draft,
        screens: screens
            .into_iter()
            .map(|row| (row.screen.to_string(), row.name))
            .collect(),
        groups,
        findings,
        campaign,
        places,
    };
    let body = body(asker, &view, fields, sent);
    let title = title_of(&view.draft.row);
    layout::page(asker, Chapter::Campaigns, &title, fields, &body)
}

fn body(asker: &Asker, view: &View, fields: &Fields, sent: &Sent<'_>) -> Markup {
    let draft = &view.draft;
    let today = clock::date_of(clock::now_ms());
    html! {
        (mistake(sent.wrong))
        (left_out(asker, &sent.told))
        p { (badge(asker, &draft.row)) " " @if !draft.row.group.is_empty() { span.tag { (draft.row.group) } } }
        @if !draft.note.is_empty() {
            p.notice.warn { (asker.say(["留言：", "Note: "])) (foreign::escaped(&draft.note)) }
        }
        @if draft.newest_version > draft.version {
            p.notice.warn {
                (asker.say(["这个活动后来又从别处发布过。", "This campaign was published from elsewhere since."])) " "
                a href=(asker.at(&format!("{}/versions", path_of(&draft.row.campaign)))) { (asker.say(["查看版本", "See its versions"])) }
            }
        }
        (conflicts::section(asker, &view.findings))
        (film_list::section(asker, draft))
        (next(asker, view, today))
        (pictures(asker, view, today))
        (when(asker, view, fields))
        (words(asker, view, sent))
        (screens(asker, view))
        (notes(asker, draft))
        (places::section(asker, draft, &view.places))
        (more(asker, view))
    }
}

/// When it would air.
fn when(asker: &Asker, view: &View, fields: &Fields) -> Markup {
    let days = times::days_of(fields, clock::time_zone(), 7);
    let path = path_of(&view.draft.row.campaign);
    html! { @if let Some(campaign) = &view.campaign {
        (times::of_campaign(asker, (&path, &air_times::placements(campaign, &days)), &days, &[]))
    } }
}

/// What is wrong, or what is next.
fn next(asker: &Asker, view: &View, today: Date) -> Markup {
    let draft = &view.draft;
    let path = path_of(&draft.row.campaign);
    if draft.files.is_empty() && draft.row.text.is_empty() {
        return html! { p.notice { (asker.say(["先加几张图片。", "Add a few pictures first."])) } };
    }
    if draft.has_open_films() {
        return html! {};
    }
    if !is_looked_at(draft) {
        return html! {
            section {
                p { (asker.say(["正在查看这些文件能不能在屏幕上播放。", "The files are being looked at as screens do."])) }
                a.button href=(asker.at(&path)) { (asker.say(["再看一次", "Look again"])) }
            }
        };
    }
    let problems = draft
        .found
        .as_ref()
        .map_or(&[][..], |found| &found.problems);
    if !problems.is_empty() {
        return html! {
            section {
                h2 { (asker.say(["发布前要改", "To change before it can be published"])) }
                (layout::problem_list(problems))
            }
        };
    }
    let can_air = match &view.outline {
        Ok(outline) => placements_of(draft, outline)
            .iter()
            .any(|placement| outline.standing(placement, today) != Standing::Ended),
        Err(_) => true,
    };
    let may_publish = asker.actor.may(Right::ChangeCampaigns);
    let is_waiting = draft.row.state == DraftState::Submitted;
    html! {
        section {
            @if !can_air {
                p.notice.warn { (asker.say(["所有日期都已过去，什么都不会播放。", "All of its dates are over: nothing of it can ever air."])) }
            }
            @if may_publish && draft.row.is_as_published {
                p.soft { (asker.say(["屏幕上播放的就是这个草稿。", "What is on the screens is this draft as it is."])) }
                a.button href=(asker.at(&crate::server::console::pages::campaigns::path_of(draft.row.campaign.as_str()))) { (asker.say(["查看活动", "See the campaign"])) }
            } @else if may_publish {
                p { (where_to(asker, view)) }
                (layout::form(asker, &format!("{path}/publish"), "", &html! {
                    (seen(draft))
                    button.main { (asker.say(if is_waiting { ["批准并发布", "Approve and publish"] } else { ["发布", "Publish"] })) }
                }))
                @if is_waiting {
                    (layout::form(asker, &format!("{path}/return"), "", &html! {
                        (Line::text("note", asker.say(["退回的理由", "Why it goes back"]), "").markup())
                        button { (asker.say(["退回", "Send it back"])) }
                    }))
                }
            } @else if is_waiting {
                p { (asker.say(["已提交，等待发布者批准。修改它就会撤回提交。", "It was handed in, and waits for a publisher. Changing it takes it back."])) }
            } @else {
                p { (asker.say(["准备好了就提交，由发布者批准后播放。", "Hand it in when it is ready; it airs once a publisher approves it."])) }
                (layout::form(asker, &format!("{path}/submit"), "", &html! {
                    (seen(draft))
                    (Line::text("note", asker.say(["留言（可以不填）", "A note, if you like"]), "").markup())
                    button.main { (asker.say(["提交", "Hand it in"])) }
                }))
            }
        }
    }
}

fn where_to(asker: &Asker, view: &View) -> String {
    let targets = &view.draft.targets;
    if targets.is_everywhere() {
        return asker
            .say([
                "会在所有屏幕上播放，包括以后添加的。",
                "It will air on all screens, also later ones.",
            ])
            .to_owned();
    }
    format!(
        "{}{}{}{}{}",
        asker.say(["会播放在 ", "It will air on "]),
        targets.screens.len(),
        asker.say([" 块选定的屏幕和 ", " chosen screens and those of "]),
        targets.groups.len(),
        asker.say([" 个分组里。", " groups."])
    )
}

fn days(outline: &Outline, placement: &OutlinePlacement) -> String {
    let day = |date: Option<Date>| date.map_or_else(|| "…".to_owned(), |date| date.to_string());
    match outline.days_of(placement) {
        (None, None) => String::new(),
        (from, until) => format!("{} – {}", day(from), day(until)),
    }
}

fn pictures(asker: &Asker, view: &View, today: Date) -> Markup {
    let draft = &view.draft;
    let path = path_of(&draft.row.campaign);
    let bare = Outline::default();
    let outline = view.outline.as_ref().unwrap_or(&bare);
    let placements = placements_of(draft, outline);
    let beside: Vec<_> = draft
        .files
        .iter()
        .filter(|file| placements.iter().all(|one| one.creative != file.name))
        .collect();
    html! {
        section {
            h2 { (asker.say(["播放什么", "What it shows"])) }
            @if !placements.is_empty() {
                (layout::form(asker, &format!("{path}/placements"), "", &html! {
                    (seen(draft))
                    ul.thumbs { @for (at, placement) in placements.iter().enumerate() { li {
                        (picture(asker, file_of(draft, placement)))
                        div.about {
                            label.check { input type="checkbox" name="placement" value=(at);
                                span { strong { (foreign::escaped(&placement.creative)) }
                                    @if file_of(draft, placement).is_none() { small { (asker.say(["文件不在这里", "the file is missing"])) } }
                                }
                            }
                            (standing_badge(asker, outline.standing(placement, today))) " " span.soft { (days(outline, placement)) }
                            p { a href=(asker.at(&format!("{path}/placements/{at}"))) { (asker.say(["编辑", "Edit"])) " " (foreign::escaped(&placement.creative)) } }
                            p { a href=(asker.at(&format!("{path}/preview/{at}"))) { (asker.say(["看屏幕上的样子", "See it as a screen shows it"])) } }
                        }
                    } } }
                    details {
                        summary { (asker.say(["对勾选的做些什么", "Do something with those that are ticked"])) }
                        div.grid.two {
                            (Line { kind: "date", ..Line::text("from", asker.say(["第一天", "First day"]), "") }.markup())
                            (Line { kind: "date", ..Line::text("until", asker.say(["最后一天", "Last day"]), "") }.markup())
                        }
                        div.actions {
                            button name="do" value="dates" { (asker.say(["设定日期", "Set these days"])) }
                            button name="do" value="off" { (asker.say(["不再播放", "Do not air"])) }
                            button.danger name="do" value="delete" { (asker.say(["删除", "Delete"])) }
                        }
                        p.hint { (asker.say(["日期留空就是一直播放。不再播放的文件会留在草稿里。", "Without days they air always. What does not air stays in the draft."])) }
                    }
                }))
            }
            @if !beside.is_empty() {
                details {
                    summary { (asker.say(["不单独播放的文件", "Files that do not air by themselves"])) " (" (beside.len()) ")" }
                    (layout::form(asker, &format!("{path}/placements"), "", &html! {
                        (seen(draft))
                        ul.thumbs { @for file in &beside { li {
                            (picture(asker, Some(file)))
                            div.about { label.check { input type="checkbox" name="file" value=(file.name); span { (foreign::escaped(&file.name)) } } }
                        } } }
                        div.actions {
                            button name="do" value="air" { (asker.say(["播放", "Let them air"])) }
                            button.danger name="do" value="delete" { (asker.say(["删除", "Delete"])) }
                        }
                    }))
                }
            }
            (large_form(asker, &format!("{path}/files"), &html! {
                (seen(draft))
                (pictures_field(asker, asker.say(["加图片和影片", "Add pictures and films"])))
                label.check { input type="checkbox" name="replace" value="yes"; span { (asker.say(["替换同名的文件", "In place of files of the same names"])) } }
                button { (asker.say(["上传", "Upload"])) }
            }))
        }
    }
}

fn words(asker: &Asker, view: &View, sent: &Sent<'_>) -> Markup {
    let draft = &view.draft;
    let path = path_of(&draft.row.campaign);
    let outline = match &view.outline {
        Ok(outline) => outline,
        Err(fault) => {
            return html! { section {
                h2 { (asker.say(["标题和链接", "Title and link"])) }
                p.notice.bad { (asker.say(["campaign.toml 有错误，请在下面的全文里改正：", "campaign.toml has a mistake; mend it in its text below: "])) (foreign::escaped(&fault.to_string())) }
            } };
        }
    };
    // What was typed and not saved stays where it was typed.
    let value = |key: &str| {
        let typed = sent.typed.filter(|typed| typed.has(key));
        typed.map_or_else(
            || outline.get(key).to_owned(),
            |typed| typed.get(key).to_owned(),
        )
    };
    let line = |key: &'static str, label: [&'static str; 2]| {
        Line::text(key, asker.say(label), &value(key)).markup()
    };
    let options = |words: &[(&str, [&'static str; 2])]| -> Vec<(String, String)> {
        let none = (String::new(), asker.say(["未指定", "Not said"]).to_owned());
        let words = words.iter();
        std::iter::once(none)
            .chain(words.map(|(word, said)| ((*word).to_owned(), asker.say(*said).to_owned())))
            .collect()
    };
    let kinds = options(&[
        ("event", ["短期", "Event"]),
        ("fans", ["长期", "Fans"]),
        ("combined", ["两者结合", "Combined"]),
    ]);
    let landings = options(&[
        ("redirect", ["直接打开链接", "The link at once"]),
        ("page", ["介绍页", "A page with a story"]),
        ("follow", ["关注页", "A page to follow"]),
    ]);
    let taken = options(&[
        ("nothing", ["不收", "Nothing"]),
        ("words", ["一句话", "A sentence"]),
        (
            "words-and-pictures",
            ["一句话和图片", "A sentence and a picture"],
        ),
    ]);
    html! {
        section {
            h2 { (asker.say(["标题和链接", "Title and link"])) }
            (large_form(asker, &path, &html! {
                (seen(draft))
                (line("title", ["标题", "Title"]))
                (Line { kind: "url", ..Line::text("target", asker.say(["码通向哪里", "Where the code leads"]), &value("target")) }.markup())
                (Line { hint: Some(asker.say(["写在每张图片旁边。", "Stands beside every picture."])), ..Line::text("headline", asker.say(["一句话", "One line"]), &value("headline")) }.markup())
                details {
                    summary { (asker.say(["更多", "More"])) }
                    (choice("kind", asker.say(["类型", "Kind"]), &value("kind"), &kinds))
                    (choice("landing", asker.say(["扫码打开", "A scan opens"]), &value("landing"), &landings))
                    (area("story", asker.say(["手机页面上的几句话", "A few sentences for the page on phones"]), &value("story"), 4))
                    (line("button", ["按钮", "Button"]))
                    (area("share", asker.say(["转发时的话", "Words that go with a shared link"]), &value("share"), 2))
                    (page_words(asker, &value, ["中文页面", "The page in Chinese"], &CHINESE))
                    (page_words(asker, &value, ["英文页面", "The page in English"], &ENGLISH))
                    (choice("voices.take", asker.say(["路人可以留言", "Passers-by may leave you"]), &value("voices.take"), &taken))
                    (line("voices.question", ["你想问路人什么", "What you ask them"]))
                    (line("advertiser", ["广告主", "Who pays"]))
                    (line("category", ["行业", "What for"]))
                    (line("colours.paper", ["底色，如 #c8102e", "Paper, such as #c8102e"]))
                    (line("colours.ink", ["字色", "Ink"]))
                    (line("colours.accent", ["强调色", "Accent"]))
                }
                button { (asker.say(["保存", "Save"])) }
            }))
        }
    }
}

fn screens(asker: &Asker, view: &View) -> Markup {
    let draft = &view.draft;
    let targets = &draft.targets;
    let path = path_of(&draft.row.campaign);
    html! {
        section {
            h2 { (asker.say(["在哪些屏幕上", "On which screens"])) }
            p { (where_to(asker, view)) }
            details {
                summary { (asker.say(["选择屏幕", "Choose screens"])) }
                (layout::form(asker, &format!("{path}/screens"), "", &html! {
                    (seen(draft))
                    @if !view.groups.is_empty() {
                        fieldset {
                            legend { (asker.say(["分组（发布时在组里的屏幕）", "Groups: the screens in them when it is published"])) }
                            @for group in &view.groups {
                                label.check { input type="checkbox" name="group" value=(group) checked[targets.groups.contains(group)]; span { (group) } }
                            }
                        }
                    }
                    fieldset {
                        legend { (asker.say(["屏幕", "Screens"])) }
                        @for (number, name) in &view.screens {
                            @let is_chosen = targets.screens.iter().any(|screen| screen.to_string() == *number);
                            label.check { input type="checkbox" name="screen" value=(number) checked[is_chosen]; span { (name) } }
                        }
                        @if view.screens.is_empty() { p.soft { (asker.say(["没有可选的屏幕。", "There is no screen to choose."])) } }
                    }
                    p.hint { (asker.say(["一个都不选，就是所有屏幕。", "With none of them, it is for all screens."])) }
                    button { (asker.say(["保存", "Save"])) }
                }))
            }
        }
    }
}

fn notes(asker: &Asker, draft: &Draft) -> Markup {
    let notes = draft.found.as_ref().map_or(&[][..], |found| &found.notes);
    html! {
        @if is_looked_at(draft) && !notes.is_empty() {
            section {
                h2 { (asker.say(["值得知道", "Good to know"])) }
                (layout::problem_list(notes))
            }
        }
    }
}

fn more(asker: &Asker, view: &View) -> Markup {
    let draft = &view.draft;
    let path = path_of(&draft.row.campaign);
    html! {
        section {
            h2 { (asker.say(["其他", "Other things"])) }
            div.actions {
                a.button href=(asker.at(&format!("{path}/campaign.zip"))) { (asker.say(["导出（zip）", "Take it out (zip)"])) }
                @if draft.newest_version.is_some() {
                    a.button href=(asker.at(&format!("{path}/versions"))) { (asker.say(["版本", "Versions"])) }
                }
            }
            details {
                summary { "campaign.toml" }
                (large_form(asker, &format!("{path}/text"), &html! {
                    (seen(draft))
                    (area("text", asker.say(["全文", "Its text"]), &draft.row.text, 16))
                    button { (asker.say(["保存", "Save"])) }
                }))
            }
            details {
                summary { (asker.say(["复制", "Copy it"])) }
                (layout::form(asker, &format!("{path}/copy"), "", &html! {
                    (Line { is_required: true, ..Line::text("name", asker.say(["新的标题", "The title of the copy"]), "") }.markup())
                    button { (asker.say(["复制", "Copy it"])) }
                }))
            }
            details {
                summary { (asker.say(["删除草稿", "Delete the draft"])) }
                p { (asker.say(["屏幕上正在播放的不受影响。没有发布过的内容就没有了。", "What is on the screens stays there. What was never published is gone."])) }
                (layout::form(asker, &format!("{path}/delete"), "", &html! {
                    button.danger { (asker.say(["删除草稿", "Delete the draft"])) }
                }))
            }
        }
    }
}
