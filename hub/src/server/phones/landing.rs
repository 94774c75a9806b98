//! The landing page: what was on the screen, where and when, the story, and what to do next.
//!
//! Invariants: no script, no cookie, nothing from another host; the first answer stays under 14 KB
//! compressed, since that is what a phone gets in its first round trip; what the publisher wrote in
//! the reader's language stands before what was written for all.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use passerby_protocol::Campaign;
use passerby_protocol::campaign::{Kind, Landing};

use crate::moments::Typed;
use crate::public_url::PublicUrl;
use crate::server::language::Language;
use crate::server::phones::follow_page;
use crate::server::phones::greeting::Greeting;
use crate::server::phones::page::{
    Document, label, language_switch, palette, shortened, when_visible,
};
use crate::server::phones::{privacy, sighting_words, voice_page};
use crate::store::LandingFacts;
use crate::system::clock;

/// A landing page.
pub(crate) struct Page<'a> {
    pub(crate) facts: &'a LandingFacts,
    /// What whoever passed it on said.
    pub(crate) told: Option<Typed>,
    /// Whoever is remembered on the phone.
    pub(crate) known: Option<Greeting>,
    /// Its own path, which the share menu passes on.
    pub(crate) path: &'a str,
    /// Whether that is a link in a chain, which hears what becomes of a visit.
    pub(crate) is_link: bool,
    pub(crate) public_url: &'a PublicUrl,
    /// The language that the phone asks for; that of the title where it asks for none.
    pub(crate) language: Option<Language>,
    pub(crate) now_ms: i64,
}

/// Where a campaign is between its first day and its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    During,
    After,
}

impl Stage {
    fn of(campaign: &Campaign, today: Date) -> Self {
        let phases = &campaign.phases;
        if phases.is_empty() || campaign.phase_on(today).is_some() {
            Self::During
        } else if phases
            .iter()
            .any(|phase| phase.from.is_some_and(|from| from > today))
        {
            Self::Before
        } else {
            Self::After
        }
    }
}

/// What somebody may do next, or should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// When it begins, or until when it is on.
    Days,
    /// The button.
    Button,
    /// Telling a friend.
    PassOn,
    /// What came of it.
    After,
    /// Hearing what comes next.
    Follow,
}

/// The steps of a campaign's page in the order that its kind decides: an event is first of all on a
/// day, and leaves a story; fans come to follow; of both, the phase decides.
fn steps(kind: Kind, stage: Stage, follows: bool) -> &'static [Step] {
    use Step::{After, Button, Days, Follow, PassOn};
    match (kind, stage) {
        (Kind::Fans, Stage::Before | Stage::During) => &[Follow, Button, PassOn],
        (Kind::Fans | Kind::Combined, Stage::After) => &[After, Follow, Button, PassOn],
        (Kind::Event | Kind::Combined, Stage::Before) => &[Days, PassOn, Button, Follow],
        (Kind::Combined, Stage::During) if follows => &[Follow, Button, PassOn, Days],
        (Kind::Event | Kind::Combined, Stage::During) => &[Days, Button, PassOn, Follow],
        (Kind::Event, Stage::After) => &[After, Follow, PassOn, Button],
    }
}

impl Page<'_> {
    pub(crate) fn answer(&self) -> Response {
        let campaign = &self.facts.campaign;
        let language = self
            .language
            .unwrap_or_else(|| Language::of_text(&campaign.title));
        let said = campaign.said(language.of_page());
        let mut style = palette(&campaign.colours);
        if self.is_link {
            style += &when_visible(&self.own("here.gif"));
        }
        let document = Document {
            title: said.title,
            language,
            style: &style,
            head: self.preview(language),
        };
        let spoken = |text: &str| Language::of_text(text).tag();
        let body = html! {
            div.stripe {}
            @if self.is_link { div.here {} }
            main {
                (language_switch(language))
                @if let Some(known) = &self.known { (known.markup(language)) }
                (self.shown(said.title))
                (self.seen(language))
                (self.words(language))
                h1 lang=(spoken(said.title)) { (said.title) }
                @if let Some(story) = said.story { p.story lang=(spoken(story)) { (story) } }
                (self.next(language))
                @if self.is_link && self.facts.is_own {
                    (voice_page::step(campaign, &self.own("voice"), language))
                }
                (foot(&privacy::path_of(self.public_url, &self.facts.id), self.known.is_some(), language))
            }
        };
        let vary = [(header::CACHE_CONTROL, "private, no-store")];
        (vary, Html(document.markup(&body).into_string())).into_response()
    }

    fn today(&self) -> Date {
        clock::date_of(self.now_ms)
    }

    fn own(&self, file: &str) -> String {
        self.public_url.local(&format!("{}/{file}", self.path))
    }

    /// What was on the screen.
    fn shown(&self, title: &str) -> Markup {
        let (width, height) = self.facts.thumbnail_px;
        let picture = if self.is_link {
            self.own("picture.jpg")
        } else {
            self.public_url
                .local(&format!("/p/{}.jpg", self.facts.creative))
        };
        let alt = self.facts.campaign.headline.as_deref().unwrap_or(title);
        let has_picture = width > 0;
        html! {
            @if self.facts.is_film {
                figure {
                    video src=(self.public_url.local(&format!("/f/{}.mp4", self.facts.creative)))
                        controls playsinline preload="none" poster=[has_picture.then_some(&picture)]
                        width=[has_picture.then_some(width)] height=[has_picture.then_some(height)]
                        aria-label=(alt) {}
                }
            } @else if has_picture {
                figure { img src=(picture) width=(width) height=(height) alt=(alt); }
            }
        }
    }

    /// Where and when: «Metro line 2, exit B · 19:42»; and for a friend how to go there.
    fn seen(&self, language: Language) -> Markup {
        let Some(sighting) = &self.facts.sighting else {
            return html! {};
        };
        let way = sighting_words::map_link(sighting, language);
        html! {
            p.seen {
                (sighting_words::line(sighting, language, self.now_ms))
                @if let Some(way) = way.filter(|_| self.facts.is_passed_on) {
                    " " a href=(way) rel="nofollow noopener" { (language.say(["怎么去", "How to go there"])) }
                }
            }
        }
    }

    /// What whoever passed it on said, and the way to report it.
    fn words(&self, language: Language) -> Markup {
        let Some(told) = &self.told else {
            return html! {};
        };
        html! {
            section.told {
                @if !told.sentence.is_empty() {
                    blockquote lang=(Language::of_text(&told.sentence).tag()) { (told.sentence) }
                }
                p.soft {
                    @match (language, told.name.is_empty()) {
                        (Language::Chinese, true) => { "路过的人转给你的" },
                        (Language::Chinese, false) => { strong { (told.name) } " 转给你的" },
                        (Language::English, true) => { "Passed on to you by somebody who was there" },
                        (Language::English, false) => { "Passed on to you by " strong { (told.name) } },
                    }
                }
                form.report method="post" action=(self.own("report")) {
                    button.plain { (language.say(["举报这句话", "Report these words"])) }
                }
            }
        }
    }

    /// The steps.
    fn next(&self, language: Language) -> Markup {
        let (campaign, today) = (&self.facts.campaign, self.today());
        let stage = Stage::of(campaign, today);
        let follows = campaign.landing_on(today) == Landing::Follow;
        html! {
            @for step in steps(campaign.kind, stage, follows) {
                @match step {
                    Step::Days => (self.days(language, stage)),
                    Step::Button => (self.button(language, stage, follows)),
                    Step::PassOn => (self.pass_on(language)),
                    Step::After => (self.after(language)),
                    Step::Follow => (self.follow(language)),
                }
            }
        }
    }

    fn days(&self, language: Language, stage: Stage) -> Markup {
        let (campaign, today) = (&self.facts.campaign, self.today());
        if !self.facts.is_live && stage != Stage::After {
            return html! { p.days { (language.say(["屏幕上已经不再播放它了。", "It is on the screens no more."])) } };
        }
        let day = match stage {
            Stage::Before => {
                let later = campaign.phases.iter().filter_map(|phase| phase.from);
                later.filter(|from| *from > today).min()
            }
            Stage::During => {
                let phases = campaign.phases.iter().map(|phase| phase.until);
                phases
                    .collect::<Option<Vec<_>>>()
                    .and_then(|ends| ends.into_iter().max())
            }
            Stage::After => None,
        };
        html! {
            @if let Some(day) = day {
                p.days { (sighting_words::days(stage == Stage::Before, day, today, language)) }
            }
        }
    }

    fn button(&self, language: Language, stage: Stage, follows: bool) -> Markup {
        let campaign = &self.facts.campaign;
        let Some(target) = &self.facts.target else {
            return html! {};
        };
        let leads = if self.is_link {
            self.own("go")
        } else {
            target.clone()
        };
        let class = if stage == Stage::After {
            "go quiet"
        } else {
            "go"
        };
        let label = label(campaign, self.today(), language);
        html! {
            @if follows {
                p.soft { (language.say(["留下来，下次有新消息先告诉你。", "Stay in touch and hear of what comes next."])) }
            }
            a class=(class) href=(leads) rel="nofollow" lang=(Language::of_text(label).tag()) { (label) }
        }
    }

    fn pass_on(&self, language: Language) -> Markup {
        let share = self.facts.campaign.said(language.of_page()).share;
        html! {
            aside {
                @if let Some(share) = share { blockquote lang=(Language::of_text(share).tag()) { (share) } }
                p.soft { (language.say([
                    "喜欢就转给朋友：点右上角菜单或浏览器的分享。",
                    "Like it? Pass it on with the share menu.",
                ])) }
                @if self.is_link && self.facts.is_own {
                    a.go.quiet href=(self.own("moment")) rel="nofollow" {
                        (language.say(["带上一句话，做成卡片", "Pass it on as a card, with your own words"]))
                    }
                }
            }
        }
    }

    /// The ways to follow, as one step; nothing where there is none.
    fn follow(&self, language: Language) -> Markup {
        if !self.is_link || !self.facts.is_own || self.known.is_some() {
            return html! {};
        }
        let ways = follow_page::ways(self.facts, language);
        html! {
            @if !ways.is_empty() {
                section.follow {
                    a.go.quiet href=(self.own("follow")) rel="nofollow" { (language.say(["以后有消息告诉我", "Hear what comes next"])) }
                    p.soft { (ways.join(" · ")) }
                }
            }
        }
    }

    fn after(&self, language: Language) -> Markup {
        let after = self.facts.campaign.said(language.of_page()).after;
        html! {
            section.after {
                @match after {
                    Some(after) => p.story lang=(Language::of_text(after).tag()) { (after) },
                    None => p.story { (language.say([
                        "它已经结束了。下次路过屏幕，再扫一扫。",
                        "It is over now. Scan a code when you next pass a screen.",
                    ])) },
                }
            }
        }
    }

    /// What chat programs and social networks show of the link.
    fn preview(&self, language: Language) -> Markup {
        let campaign = &self.facts.campaign;
        let said = campaign.said(language.of_page());
        let own = self.public_url.absolute(self.path);
        let image = self
            .public_url
            .absolute(&format!("/p/{}.jpg", self.facts.creative));
        let (width, height) = self.facts.thumbnail_px;
        let text = said
            .share
            .or(said.story)
            .or(campaign.headline.as_deref())
            .unwrap_or(said.title);
        let mut text = text.trim().to_owned();
        let place = self
            .facts
            .sighting
            .as_ref()
            .map(|sighting| sighting.place.as_str());
        if let Some(told) = self.told.as_ref().filter(|told| !told.sentence.is_empty()) {
            text = if told.name.is_empty() {
                format!("{} · {}", told.sentence, said.title)
            } else {
                format!("{}: {} · {}", told.name, told.sentence, said.title)
            };
        }
        if let Some(place) = place.filter(|place| !place.is_empty()) {
            text = format!("{place} · {text}");
        }
        let description = shortened(&text);
        html! {
            link rel="canonical" href=(own);
            meta name="description" content=(description);
            meta property="og:type" content="website";
            meta property="og:title" content=(said.title);
            meta property="og:description" content=(description);
            meta property="og:url" content=(own);
            @if width > 0 {
                meta property="og:image" content=(image);
                meta property="og:image:type" content="image/jpeg";
                meta property="og:image:width" content=(width);
                meta property="og:image:height" content=(height);
                meta name="twitter:card" content="summary_large_image";
            } @else {
                meta name="twitter:card" content="summary";
            }
            meta name="twitter:title" content=(said.title);
            meta name="twitter:description" content=(description);
            @if width > 0 { meta name="twitter:image" content=(image); }
        }
    }
}

/// What is kept of a visit.
fn foot(path: &str, is_known: bool, language: Language) -> Markup {
    html! {
        footer {
            @if is_known {
                p { (language.say([
                    "你要求记住这部手机，所以有一个 Cookie；在上面按一下就没有了。",
                    "You asked to be remembered on this phone, so it has one cookie; one press above ends it.",
                ])) }
            } @else { p { (language.say([
                "我们只统计本页的打开、是否真的被看到、转发与按钮点击次数，用每天更换的代号去重；不保存 IP 地址，不用 Cookie。",
                "We count openings, whether the page was really seen, onward shares and presses of the button, once a day each, under a pseudonym that changes daily. No IP address is kept and no cookie is set.",
            ])) } }
            p { (privacy::link(path, language)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;
    use std::sync::Arc;

    use jiff::civil::date;
    use passerby_protocol::Digest;

    use super::*;

    fn campaign(toml: &str) -> Campaign {
        Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap()
    }

    #[test]
    fn a_campaign_is_before_during_or_after_its_days() {
        let toml = "title = 'x'\n[[phase]]\nname = 'a'\nfrom = 2026-12-01\nuntil = 2026-12-03\n[[phase]]\nname = 'b'\nfrom = 2026-12-07\nuntil = 2026-12-08\n";
        let campaign = campaign(toml);
        let at = |day| Stage::of(&campaign, date(2026, 12, day));
        assert_eq!(Stage::of(&campaign, date(2026, 11, 30)), Stage::Before);
        let stages = [at(1), at(3), at(5), at(8), at(9)];
        use Stage::{After, Before, During};
        assert_eq!(stages, [During, During, Before, During, After]);
        let always = self::campaign("title = 'x'\n");
        assert_eq!(Stage::of(&always, date(2026, 12, 1)), Stage::During);
    }

    #[test]
    fn every_kind_has_the_button_at_every_stage_and_a_story_after_its_end() {
        for kind in [Kind::Event, Kind::Fans, Kind::Combined] {
            for stage in [Stage::Before, Stage::During, Stage::After] {
                for follows in [false, true] {
                    let steps = steps(kind, stage, follows);
                    assert!(steps.contains(&Step::Button) && steps.contains(&Step::PassOn));
                    assert!(steps.contains(&Step::Follow));
                    let has_after = steps.first() == Some(&Step::After);
                    assert_eq!(has_after, stage == Stage::After, "{kind:?} {stage:?}");
                }
            }
        }
    }

    #[test]
    fn before_an_event_its_page_counts_the_days_down_whatever_else_it_says() {
        for kind in ["event", "combined"] {
            let toml = format!(
                "title = 'x'\nkind = '{kind}'\ntarget = 'https://cafe.example/'\nlanding = 'page'\n\
                 [[phase]]\nname = 'a'\nfrom = 2026-12-04\nuntil = 2026-12-06\n"
            );
            let facts = LandingFacts {
                id: "event".parse().unwrap(),
                has_mail_server: false,
                account_picture: None,
                campaign: Arc::new(campaign(&toml)),
                target: None,
                creative: Digest([7; 32]),
                thumbnail_px: (0, 0),
                is_film: false,
                is_live: true,
                sighting: None,
                is_own: true,
                is_passed_on: false,
                told: None,
            };
            let said = |day, language| {
                let noon = date(2026, 12, day).at(12, 0, 0, 0);
                let noon = noon.to_zoned(clock::time_zone()).unwrap();
                let page = Page {
                    facts: &facts,
                    told: None,
                    known: None,
                    path: "/s/link",
                    is_link: true,
                    public_url: &PublicUrl::from_str("https://hub.example").unwrap(),
                    language: None,
                    now_ms: noon.timestamp().as_millisecond(),
                };
                page.next(language).into_string()
            };
            let before = said(1, Language::English);
            assert!(
                before.contains("It begins on 4 December, in 3 days"),
                "{before}"
            );
            let days = before.find("It begins");
            assert!(days < before.find("Like it?"), "it stands first: {before}");
            assert!(said(1, Language::Chinese).contains("12月4日开始，还有 3 天"));
            assert!(said(3, Language::English).contains("It begins tomorrow"));
            assert!(said(4, Language::English).contains("Until 6 December, 2 more days"));
            assert!(said(7, Language::English).contains("It is over now"));
        }
    }
}
