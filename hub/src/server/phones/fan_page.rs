//! What somebody who follows sees on their own page.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use passerby_protocol::Campaign;
use passerby_protocol::campaign::ForFans;

use crate::followers::{consent, consent_of_phone};
use crate::server::language::Language;
use crate::server::phones::greeting::again;
use crate::server::phones::note::note;
use crate::server::phones::page::{Document, language_switch, palette};
use crate::server::phones::sighting_words;
use crate::store::Known;
use crate::system::clock;

/// The field by which whoever confirms says that the phone on which the address was typed is
/// theirs.
pub(super) const OWN_PHONE: &str = "mine";

/// The page of one who follows.
pub(super) struct FanPage {
    /// Its own path.
    pub(super) path: String,
    /// Where a shop's staff redeems codes.
    pub(super) redeem: String,
    pub(super) language: Language,
    pub(super) known: Known,
    /// Their code, as they read it.
    pub(super) code: Option<String>,
    pub(super) address: String,
    pub(super) campaign: Campaign,
    /// What the campaign keeps for them; nothing before they have confirmed.
    pub(super) fans: ForFans,
    pub(super) now_ms: i64,
}

impl FanPage {
    fn today(&self) -> Date {
        clock::date_of(self.now_ms)
    }

    fn moment(&self, ms: i64) -> String {
        sighting_words::moment(ms, self.now_ms, self.language)
    }

    fn title(&self) -> &str {
        self.campaign.said(self.language.of_page()).title
    }

    /// The page as it is: to confirm, or to see everything.
    pub(super) fn answer(&self, is_known_phone: bool, cookie: &str) -> Response {
        if self.known.follower.confirmed_ms.is_none() {
            return self.to_confirm(is_known_phone);
        }
        let language = self.language;
        let visits = self.known.follower.visits;
        self.page(&html! {
            h1 { (again(visits, language)) }
            p.story lang=(Language::of_text(self.title()).tag()) { (self.title()) }
            (self.for_fans())
            (self.kept())
            (self.phone(is_known_phone, cookie))
            (self.leave())
        })
    }

    fn to_confirm(&self, is_known_phone: bool) -> Response {
        let language = self.language;
        let has_phone = self.known.follower.phone_ends_ms.is_some();
        self.page(&html! {
            h1 { (language.say(["确认关注", "Confirm that you follow"])) }
            p.story lang=(Language::of_text(self.title()).tag()) { (self.title()) }
            p { (language.say(["收件地址：", "News goes to "])) strong { (self.address) } }
            p.soft { (language.say(consent())) }
            @if is_known_phone {
                p.soft { (language.say([
                    "这部手机会被记住，在这个页面上随时可以取消。",
                    "This phone will be remembered; you can end that on this page at any time.",
                ])) }
            }
            form method="post" action=(format!("{}/confirm", self.path)) {
                @if has_phone && !is_known_phone {
                    label.check { input type="checkbox" name=(OWN_PHONE) value="yes";
                        span { (language.say([
                            "填写地址的那部手机是我的，请记住它（随时可以取消）。",
                            "The phone on which the address was typed is mine: remember it (I can end that at any time).",
                        ])) }
                    }
                }
                button.go { (language.say(["确认", "Confirm"])) }
            }
            (self.leave())
        })
    }

    /// What is said once they have confirmed.
    pub(super) fn confirmed(&self) -> Response {
        let language = self.language;
        self.page(&html! {
            h1 { (language.say(["关注好了", "You follow now"])) }
            p { (language.say(["有新消息就发邮件给你。", "News comes to you by mail."])) }
            (self.for_fans())
            p { a href=(self.path) { (language.say(["你自己的页面", "Your own page"])) } }
            p.soft { (language.say([
                "它的链接在每封邮件里：随时可以看看保存了什么，一键退订并删除。",
                "Its link is in every mail: it shows what is kept, and one press unsubscribes and deletes it.",
            ])) }
        })
    }

    fn for_fans(&self) -> Markup {
        let (language, fans) = (self.language, &self.fans);
        html! {
            @if let Some(words) = &fans.words { section.told { p.story lang=(Language::of_text(words).tag()) { (words) } } }
            @if let Some(link) = &fans.link { a.go href=(link) rel="nofollow noopener" { (language.say(["给你留的页面", "The page kept for you"])) } }
            @if let (Some(offer), Some(code)) = (&fans.offer, &self.code) {
                section.offer {
                    h2 lang=(Language::of_text(offer).tag()) { (offer) }
                    @match (self.known.redeemed_ms, fans.offer_until) {
                        (Some(at_ms), _) => p { (language.say(["已经用过了：", "Used on "])) (self.moment(at_ms)) },
                        (None, Some(last)) if last < self.today() => p { (language.say(["已经过期。", "It is over."])) },
                        (None, last) => {
                            p.code { (code) }
                            p.soft {
                                (language.say(["请给店员看这个码，只能用一次。", "Show this code to the shop’s staff; it works once."]))
                                @if let Some(last) = last {
                                    " " (language.say(["有效期到", "Until "])) (sighting_words::day(last, self.today(), language)) (language.say(["。", "."]))
                                }
                            }
                            p.soft { (language.say(["店员在这里核销：", "The staff redeems it at "])) (self.redeem) }
                        },
                    }
                }
            }
        }
    }

    fn kept(&self) -> Markup {
        let (language, follower) = (self.language, &self.known.follower);
        let never = language.say(["没有", "no"]);
        let at = |ms: Option<i64>| ms.map_or(never.to_owned(), |ms| self.moment(ms));
        html! {
            details {
                summary { (language.say(["关于你，这里保存的一切", "Everything that is kept about you"])) }
                dl {
                    dt { (language.say(["邮箱", "Address"])) } dd { (self.address) }
                    dt { (language.say(["用途", "What for"])) } dd { (language.say(["通过邮件发这个活动的消息", "news of this campaign by mail"])) }
                    dt { (language.say(["填写时间", "Asked"])) } dd { (self.moment(follower.asked_ms)) }
                    dt { (language.say(["确认时间", "Confirmed"])) } dd { (at(follower.confirmed_ms)) }
                    dt { (language.say(["同意的内容（版本 ", "What you agreed to (version "])) (follower.consent) (language.say(["）", ")"])) } dd { (language.say(consent())) }
                    dt { (language.say(["语言", "Language"])) } dd { (Language::of_word(&follower.language).unwrap_or(language).own_name()) }
                    dt { (language.say(["来过的次数", "Visits"])) } dd { (follower.visits) }
                    dt { (language.say(["上次来", "Last visit"])) } dd { (self.moment(follower.visit_ms)) }
                    dt { (language.say(["手机记住到", "Phone remembered until"])) } dd { (at(follower.phone_ends_ms)) }
                    @if let Some(code) = &self.code {
                        dt { (language.say(["优惠码", "Code"])) } dd { (code) }
                        dt { (language.say(["使用时间", "Code used"])) } dd { (at(self.known.redeemed_ms)) }
                    }
                    dt { (language.say(["保存到", "Kept until"])) } dd { (self.moment(follower.ends_ms)) }
                }
                p { a href=(format!("{}/kept.json", self.path)) { (language.say(["下载（JSON）", "Take it with you (JSON)"])) } }
            }
        }
    }

    fn phone(&self, is_known: bool, cookie: &str) -> Markup {
        let language = self.language;
        let [chinese, english] = consent_of_phone(cookie);
        html! {
            section {
                @if is_known || self.known.follower.phone_ends_ms.is_some() {
                    form method="post" action=(format!("{}/forget", self.path)) {
                        button.go.quiet { (language.say(["不再记住我的手机", "Forget my phone"])) }
                    }
                }
                @if !is_known {
                    form method="post" action=(format!("{}/remember", self.path)) {
                        p.soft { @match language { Language::Chinese => (chinese), Language::English => (english) } }
                        button.go.quiet { (language.say(["在这部手机上记住我", "Remember me on this phone"])) }
                    }
                }
            }
        }
    }

    fn leave(&self) -> Markup {
        let language = self.language;
        html! {
            form method="post" action=(format!("{}/leave", self.path)) {
                button.plain { (language.say(["退订，并删除关于我的一切", "Unsubscribe, and delete everything about me"])) }
            }
        }
    }

    fn page(&self, body: &Markup) -> Response {
        let style = palette(&self.campaign.colours);
        let document = Document {
            title: self.title(),
            language: self.language,
            style: &style,
            head: html! { meta name="robots" content="noindex"; },
        };
        let whole = html! { div.stripe {} main.moment { (language_switch(self.language)) (body) } };
        let keep = [(header::CACHE_CONTROL, "private, no-store")];
        (keep, Html(document.markup(&whole).into_string())).into_response()
    }
}

/// Nothing is kept of whoever has this link.
pub(super) fn gone() -> Response {
    note(
        StatusCode::OK,
        ["这里什么都没有保存", "Nothing is kept here"],
        |language| {
            html! { p { (language.say([
                "可能已经退订，或者没有在 48 小时内确认。",
                "You may have unsubscribed, or the 48 hours to confirm are over.",
            ])) } }
        },
    )
}

pub(super) fn left() -> Response {
    note(
        StatusCode::OK,
        ["已退订，并已删除", "Unsubscribed and deleted"],
        |language| {
            html! { p { (language.say([
                "不会再有邮件。地址和关于你的一切都删除了。",
                "No further mail comes. The address and everything about you are deleted.",
            ])) } }
        },
    )
}

pub(super) fn forgotten() -> Response {
    note(
        StatusCode::OK,
        ["不再记住这部手机", "The phone is forgotten"],
        |language| {
            html! { p { (language.say([
                "Cookie 已经删除。邮件照常，除非你也退订。",
                "The cookie is gone. Mail goes on, unless you unsubscribe too.",
            ])) } }
        },
    )
}
