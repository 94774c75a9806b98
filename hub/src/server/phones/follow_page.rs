//! The page with the ways to follow a campaign, and what is said once somebody has asked for mail.
//!
//! Invariants: it works without a script; what somebody agrees to stands there whole, before it is
//! sent; nothing is ticked for them.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};

use crate::followers::{consent, consent_of_phone, phone_cookie};
use crate::public_url::PublicUrl;
use crate::server::language::Language;
use crate::server::phones::page::{Document, language_switch, palette};
use crate::server::phones::privacy;
use crate::store::LandingFacts;

/// Words for what is wrong, Chinese first.
pub(crate) type Words = [&'static str; 2];
pub(crate) const NO_ADDRESS: Words = [
    "这不是邮箱地址，请再看一看。",
    "This is no address for mail; look at it once more.",
];
pub(crate) const NOT_AGREED: Words = [
    "请先勾选同意，才能给你发邮件。",
    "Please tick that you agree; without that no mail is sent.",
];
pub(crate) const TOO_OFTEN: Words = [
    "刚才已经发过确认邮件了。请看看收件箱和垃圾邮件，一小时后可以再试。",
    "A mail was sent not long ago. Look into your inbox and its spam folder; you can try again after an hour.",
];

/// The ways to follow, in words: empty where there is none, or none that works here.
pub(crate) fn ways(facts: &LandingFacts, language: Language) -> Vec<String> {
    let Some(follow) = &facts.campaign.follow else {
        return Vec::new();
    };
    let mut ways = Vec::new();
    if let Some(account) = &follow.account {
        ways.push(account.name.clone());
    }
    if follow.mail && facts.has_mail_server {
        ways.push(language.say(["邮件", "by mail"]).to_owned());
    }
    if follow.feed {
        ways.push(language.say(["订阅源", "feed"]).to_owned());
    }
    ways
}

/// The page of one link.
pub(crate) struct FollowPage<'a> {
    pub(crate) facts: &'a LandingFacts,
    /// The link, without scheme and host.
    pub(crate) path: String,
    pub(crate) public_url: &'a PublicUrl,
    pub(crate) language: Language,
}

impl FollowPage<'_> {
    /// The ways. `typed`: what was typed and not taken.
    pub(crate) fn form(&self, wrong: Option<Words>, typed: &str) -> Response {
        let language = self.language;
        let follow = self.facts.campaign.follow.clone().unwrap_or_default();
        let has_mail = follow.mail && self.facts.has_mail_server;
        let body = html! {
            h1 { (language.say(["以后有消息告诉我", "Hear what comes next"])) }
            p.story lang=(Language::of_text(self.title()).tag()) { (self.title()) }
            // What is wrong is seen at once.
            @if has_mail && wrong.is_some() { (self.mail(wrong, typed)) }
            @if let Some(account) = &follow.account {
                section {
                    h2 lang=(Language::of_text(&account.name).tag()) { (account.name) }
                    @if let Some((file, (width, height))) = self.facts.account_picture && account.picture.is_some() && width > 0 {
                        figure.press { img src=(self.public_url.local(&format!("/p/{file}.jpg"))) width=(width) height=(height)
                            alt=(language.say(["账号的二维码", "The account’s code"])); }
                        p.soft { (language.say(["长按图片，识别后关注。", "Press and hold the picture to follow."])) }
                    }
                    @if let Some(link) = &account.link {
                        a.go.quiet href=(link) rel="nofollow noopener" { (language.say(["打开", "Open it"])) }
                    }
                }
            }
            @if has_mail && wrong.is_none() { (self.mail(wrong, typed)) }
            @if follow.feed {
                section {
                    h2 { (language.say(["订阅源", "Feed"])) }
                    p.soft { (language.say(["用任何阅读器订阅，不用留下地址：", "For any reader, without leaving an address:"])) }
                    p.address { a href=(self.feed()) { (self.public_url.absolute(&format!("/feed/{}", escaped(self.facts.id.as_str())))) } }
                }
            }
            p { a href=(self.path) { (language.say(["返回", "Back"])) } " · " (privacy::link(&privacy::path_of(self.public_url, &self.facts.id), language)) }
        };
        let status = if wrong.is_some() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        };
        (status, self.page(&body)).into_response()
    }

    fn mail(&self, wrong: Option<Words>, typed: &str) -> Markup {
        let language = self.language;
        let [chinese, english] = consent_of_phone(phone_cookie(self.public_url.is_https()));
        html! {
            section {
                h2 { (language.say(["邮件", "By mail"])) }
                @if let Some(wrong) = wrong { p.wrong role="alert" { (language.say(wrong)) } }
                form method="post" action=(format!("{}/follow", self.path)) {
                    label for="mail" { (language.say(["邮箱地址", "Your address"])) }
                    input id="mail" name="mail" type="email" inputmode="email" autocomplete="email" maxlength="254" required value=(typed);
                    label.check { input type="checkbox" name="agree" value="yes"; span { (language.say(consent())) } }
                    label.check { input type="checkbox" name="remember" value="yes";
                        span { @match language { Language::Chinese => (chinese), Language::English => (english) } } }
                    button.go { (language.say(["发确认邮件给我", "Send me a mail to confirm"])) }
                }
                p.soft { (language.say([
                    "只有你在邮件里确认之后，才会有消息。48 小时内没有确认，地址就删除。",
                    "News comes only once you have confirmed in that mail. An address that is not confirmed within 48 hours is deleted.",
                ])) }
            }
        }
    }

    /// What comes next once a mail goes out.
    pub(crate) fn asked(&self) -> Response {
        let language = self.language;
        self.page(&html! {
            h1 { (language.say(["去看看邮箱", "Look at your mail"])) }
            p { (language.say([
                "几分钟内会有一封邮件。打开里面的链接，按一下「确认」。",
                "A mail comes within minutes. Open the link in it and press “Confirm”.",
            ])) }
            p.soft { (language.say([
                "没有看到？看看垃圾邮件。一小时后可以再试一次。",
                "Not there? Look into the spam folder. You can try again after an hour.",
            ])) }
            p { a href=(self.path) { (language.say(["返回", "Back"])) } }
        })
    }

    fn title(&self) -> &str {
        self.facts.campaign.said(self.language.of_page()).title
    }

    fn feed(&self) -> String {
        let id = escaped(self.facts.id.as_str());
        self.public_url.local(&format!("/feed/{id}"))
    }

    fn page(&self, body: &Markup) -> Response {
        let style = palette(&self.facts.campaign.colours);
        let feed = self
            .facts
            .campaign
            .follow
            .as_ref()
            .is_some_and(|follow| follow.feed);
        let document = Document {
            title: self.title(),
            language: self.language,
            style: &style,
            head: html! {
                meta name="robots" content="noindex";
                @if feed { link rel="alternate" type="application/atom+xml" href=(self.feed()); }
            },
        };
        let whole = html! { div.stripe {} main.moment { (language_switch(self.language)) (body) } };
        let keep = [(header::CACHE_CONTROL, "private, no-store")];
        (keep, Html(document.markup(&whole).into_string())).into_response()
    }
}

/// Writes a campaign's name as it stands in a path.
pub(crate) fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}
