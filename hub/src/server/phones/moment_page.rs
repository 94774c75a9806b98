//! The pages of a moment that somebody passes on: what they may type, the card and how to send it,
//! and what is kept of it.
//!
//! Invariants: each works without a script, which only adds the phone's own share menu; what is
//! kept, what for and until when is said before it is kept.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use passerby_protocol::campaign::Colours;

use crate::moments::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, Typed, TypedError};
use crate::server::language::Language;
use crate::server::phones::note::note;
use crate::server::phones::page::{Document, escaped, language_switch, palette};
use crate::server::phones::{privacy, sighting_words};

/// What a page with the script may load: the same, its script, and its card for that.
pub(crate) const SCRIPT_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; script-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const SCRIPT: &str = include_str!("../share.js");

/// Words for what is wrong, Chinese first.
pub(crate) type Words = [&'static str; 2];
pub(crate) const NOT_AGREED: Words = [
    "请先勾选同意；不想留的话，把两行都清空也可以。",
    "Please tick that you agree; or empty both lines, and nothing is kept.",
];
pub(crate) const TOO_OFTEN: Words = [
    "已经改过很多次了，就用现在的吧。",
    "You have changed it many times; it stays as it is now.",
];

pub(crate) fn error_words(error: TypedError) -> Words {
    match error {
        TypedError::Long => [
            "太长了：一句话最多 80 个字，名字最多 24 个字。",
            "It is too long: 80 characters for the sentence, 24 for the name.",
        ],
        TypedError::Hidden => [
            "里面有看不见的字符，请重新打一遍。",
            "It has characters that nobody can see; type it anew.",
        ],
        TypedError::Contact => [
            "请不要写链接、邮箱或电话号码。",
            "Please leave out links, addresses and phone numbers.",
        ],
        TypedError::Refused => [
            "里面有不适合给陌生人看的词，换个说法吧。",
            "It has a word that is not for strangers; say it otherwise.",
        ],
    }
}

/// What the pages of one link show.
pub(crate) struct MomentPage {
    /// The link, without scheme and host.
    pub(crate) path: String,
    /// The link that is passed on.
    pub(crate) link: String,
    /// The card's address.
    pub(crate) card: String,
    /// The private link.
    pub(crate) mine: String,
    pub(crate) language: Language,
    pub(crate) colours: Colours,
    pub(crate) title: String,
    /// Where and when; empty where nobody knows.
    pub(crate) seen: String,
    pub(crate) typed: Typed,
    /// The last day on which the words are kept.
    pub(crate) ends: String,
    /// What is kept of people, without scheme and host.
    pub(crate) privacy: String,
}

impl MomentPage {
    /// Where somebody types.
    pub(crate) fn form(&self, wrong: Option<Words>) -> Response {
        let language = self.language;
        let body = html! {
            h1 { (language.say(["告诉朋友", "Tell a friend"])) }
            p { (self.found()) }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (language.say(wrong)) } }
            form method="post" action=(format!("{}/moment", self.path)) {
                input type="hidden" name="k" value=(self.typed.key);
                label for="sentence" { (language.say(["想说一句话吗？（可以不写）", "A sentence, if you like"])) }
                // What is first on a line of its own is not the text's.
                textarea id="sentence" name="sentence" rows="2" maxlength=(SENTENCE_CHARS_MAX) placeholder=(language.say(["逛街还买书！", "Out shopping, and still buying books!"])) { "\n" (self.typed.sentence) }
                label for="name" { (language.say(["署个名吗？（可以不写）", "A name, if you like"])) }
                input id="name" name="name" maxlength=(NAME_CHARS_MAX) value=(self.typed.name) autocomplete="off";
                label.check {
                    input type="checkbox" name="agree" value="yes";
                    span {
                        @match language {
                            Language::Chinese => { "同意保存我写的这两行到" (self.ends) "，只给打开我链接的人看；随时一键删除。" },
                            Language::English => { "Keep what I typed until " (self.ends) ", only to show it to whoever opens my link. I can erase it with one press." },
                        }
                    }
                }
                button.go { (language.say(["做成卡片", "Make the card"])) }
            }
            p.soft { (language.say([
                "什么都不写也有卡片：上面有画面、地点和时间。什么都不会保存。",
                "With nothing typed there is a card too, with the picture, the place and the time. Nothing is kept then.",
            ])) }
            p { a href=(self.path) { (language.say(["返回", "Back"])) } " · " (privacy::link(&self.privacy, language)) }
        };
        let status = if wrong.is_some() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        };
        (status, self.page(&body)).into_response()
    }

    /// «I found this at …».
    fn found(&self) -> String {
        match (self.language, self.seen.is_empty()) {
            (Language::Chinese, true) => format!("我看到了「{}」", self.title),
            (Language::Chinese, false) => format!("我在 {} 看到了「{}」", self.seen, self.title),
            (Language::English, true) => format!("I found “{}”", self.title),
            (Language::English, false) => {
                format!("I found “{}” at {}", self.title, self.seen)
            }
        }
    }

    /// What goes with the link.
    fn text(&self) -> String {
        let found = self.found();
        if self.typed.sentence.is_empty() {
            found
        } else {
            match self.language {
                Language::Chinese => format!("{}（{found}）", self.typed.sentence),
                Language::English => format!("{} ({found})", self.typed.sentence),
            }
        }
    }

    /// The card, and how to send it.
    pub(crate) fn told(&self) -> Response {
        let language = self.language;
        let text = self.text();
        let card = format!("{}/card.jpg?lang={}", self.path, language.word());
        let weibo = format!(
            "https://service.weibo.com/share/share.php?url={}&title={}&pic={}",
            escaped(&self.link),
            escaped(&text),
            escaped(&self.card)
        );
        let whole = format!("{text} {}", self.link);
        let body = html! {
            h1 { (language.say(["你的卡片", "Your card"])) }
            p { (language.say(["长按图片，发给朋友。", "Press and hold the picture to send it to a friend."])) }
            figure.card { img src=(card) width="1080" height="1440" alt=(text); }
            button.go type="button" id="share" hidden data-text=(text) data-link=(self.link) data-card=(card) { (language.say(["分享", "Share"])) }
            label for="words" { (language.say(["或者复制这段话：", "Or copy these words:"])) }
            textarea id="words" rows="4" readonly { "\n" (whole) }
            button.go.quiet type="button" id="copy" hidden data-done=(language.say(["已复制", "Copied"])) { (language.say(["复制", "Copy"])) }
            @if language == Language::Chinese {
                a.go.quiet href=(weibo) rel="nofollow noopener" { "发到微博" }
            }
            p { a href=(self.edit()) { (language.say(["改一改", "Change it"])) } " · " a href=(self.path) { (language.say(["返回", "Back"])) } " · " (privacy::link(&self.privacy, language)) }
            @if !self.typed.is_empty() {
                section.kept {
                    p.soft {
                        @match language {
                            Language::Chinese => { "你写的话保存到" (self.ends) "，只给打开你链接的人看。" },
                            Language::English => { "What you typed is kept until " (self.ends) ", only for whoever opens your link." },
                        }
                    }
                    form method="post" action=(format!("{}/erase", self.path)) {
                        input type="hidden" name="k" value=(self.typed.key);
                        button.plain { (language.say(["删除我写的话", "Erase what I typed"])) }
                    }
                    details {
                        summary { (language.say(["以后想删怎么办？", "To erase it on another day"])) }
                        p { (language.say(["把这个链接留给自己，不要转发：", "Keep this link for yourself, and do not pass it on:"])) }
                        p.address { (self.mine) }
                    }
                }
            }
            script src=(format!("{}/share.js", base_of(&self.path))) defer {}
        };
        self.page(&body)
    }

    /// Where it is typed anew.
    fn edit(&self) -> String {
        if self.typed.is_empty() {
            format!("{}/moment?edit=1", self.path)
        } else {
            format!("{}/moment?edit=1&k={}", self.path, self.typed.key)
        }
    }

    /// Something was typed under this link, and not by whoever asks, as far as anybody can tell.
    pub(crate) fn others(&self, status: StatusCode) -> Response {
        let language = self.language;
        let page = self.page(&html! {
            h1 { (language.say(["这个链接上已经写了话", "Something was typed here already"])) }
            p { (language.say([
                "只有写的人能看到和修改。同一个网络里同一型号的手机，扫同一个码会得到同一个链接。",
                "Only whoever typed it sees and changes it. Phones of one model in one network that scan the same code get the same link.",
            ])) }
            p { (language.say([
                "是你写的？用浏览器的“后退”回到卡片，或者打开你留下的私人链接。",
                "Was it you? Go back in the browser to your card, or open the private link that you kept.",
            ])) }
            p { (language.say([
                "不是你？再扫一次屏幕上的下一个码，就有你自己的链接。",
                "Was it not? Scan the next code that the screen shows, and you get a link of your own.",
            ])) }
            p { a href=(self.path) { (language.say(["返回", "Back"])) } " · " (privacy::link(&self.privacy, language)) }
        });
        (status, page).into_response()
    }

    fn page(&self, body: &Markup) -> Response {
        let style = palette(&self.colours);
        let document = Document {
            title: &self.title,
            language: self.language,
            style: &style,
            head: html! { link rel="canonical" href=(self.link); meta name="robots" content="noindex"; },
        };
        let whole = html! { div.stripe {} main.moment { (language_switch(self.language)) (body) } };
        let keep = [(header::CACHE_CONTROL, "private, no-store")];
        (keep, Html(document.markup(&whole).into_string())).into_response()
    }
}

/// What stands before `/s/NAME`.
fn base_of(path: &str) -> &str {
    path.rsplit_once("/s/").map_or("", |(base, _)| base)
}

/// `GET /share.js`: the phone's own share menu, and the way to copy.
pub(crate) async fn script() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, SCRIPT).into_response()
}

/// What is kept of what somebody typed, for their own eyes. `times`: when they agreed, and its end.
pub(crate) fn mine(
    kept: Option<&(Typed, (i64, i64))>,
    (erase, secret): (&str, &str),
    now_ms: i64,
) -> Response {
    note(
        StatusCode::OK,
        ["你留下的话", "What you left here"],
        |language| {
            let moment = |ms| sighting_words::moment(ms, now_ms, language);
            html! {
                @match kept {
                    Some((typed, (agreed_ms, ends_ms))) => {
                        dl {
                            @if !typed.sentence.is_empty() { dt { (language.say(["一句话", "Sentence"])) } dd { (typed.sentence) } }
                            @if !typed.name.is_empty() { dt { (language.say(["名字", "Name"])) } dd { (typed.name) } }
                            dt { (language.say(["同意保存的时间", "Agreed at"])) } dd { (moment(*agreed_ms)) }
                            dt { (language.say(["保存到", "Kept until"])) } dd { (moment(*ends_ms)) }
                            dt { (language.say(["用途", "What for"])) } dd { (language.say(["给打开你链接的人看", "to show it to whoever opens your link"])) }
                        }
                        form method="post" action=(erase) {
                            input type="hidden" name="k" value=(secret);
                            button.go.quiet { (language.say(["全部删除", "Erase all of it"])) }
                        }
                    },
                    None => p { (language.say(["这里没有保存你写的任何话。", "Nothing that you typed is kept here."])) },
                }
            }
        },
    )
}

pub(crate) fn erased() -> Response {
    note(StatusCode::OK, ["已删除", "Erased"], |language| {
        html! { p { (language.say([
            "你写的话和印着它的卡片都没有了。链接本身还能打开，上面没有你的话。",
            "What you typed is gone, and the card with it. The link still opens, without your words.",
        ])) } }
    })
}

pub(crate) fn reported() -> Response {
    note(StatusCode::OK, ["谢谢", "Thank you"], |language| {
        html! { p { (language.say([
            "我们会请发布者看一看这句话。",
            "The publisher is asked to look at this sentence.",
        ])) } }
    })
}
