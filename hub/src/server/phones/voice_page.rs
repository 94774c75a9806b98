//! The pages of a voice: what somebody may say to the publisher, and what became of it.
//!
//! Invariants: each works without a script; what is kept, what for and until when is said before it
//! is kept; a page shows nobody's voice but its reader's own.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::Campaign;
use passerby_protocol::campaign::Colours;

use crate::moments::TypedError;
use crate::server::language::Language;
use crate::server::phones::note::note;
use crate::server::phones::page::{Document, language_switch, palette};
use crate::server::phones::{privacy, sighting_words};
use crate::store::{KeptVoice, VoiceState};
use crate::voices::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, SaidWords};

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The words.
    Typed(TypedError),
    /// There are none.
    Nothing,
    /// Nobody agreed.
    NotAgreed,
    /// The picture is none that is taken.
    PictureKind,
    /// It cannot be opened.
    Picture,
    /// They have left as many as one may.
    TooMany,
    /// The publisher takes no more of theirs today.
    Blocked,
    /// The campaign gets more than it can take.
    Busy,
}

impl Wrong {
    /// In words, Chinese first.
    const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Typed(TypedError::Long) => [
                "太长了：一句话最多 200 个字，名字最多 24 个字。",
                "It is too long: 200 characters for the sentence, 24 for the name.",
            ],
            Self::Typed(TypedError::Hidden) => [
                "里面有看不见的字符，请重新打一遍。",
                "It has characters that nobody can see; type it anew.",
            ],
            Self::Typed(TypedError::Contact) => [
                "请不要写链接、邮箱或电话号码。",
                "Please leave out links, addresses and phone numbers.",
            ],
            Self::Typed(TypedError::Refused) => [
                "里面有我们不收的词，换个说法吧。",
                "It has a word that is not taken; say it otherwise.",
            ],
            Self::Nothing => ["请写一句话。", "Please write a sentence."],
            Self::NotAgreed => [
                "请先勾选同意，不然什么都不会保存。",
                "Please tick that you agree; nothing is kept otherwise.",
            ],
            Self::PictureKind => [
                "请选一张 JPEG、PNG、WebP 或 GIF 图片。",
                "Please choose a JPEG, PNG, WebP or GIF picture.",
            ],
            Self::Picture => [
                "这张图片打不开，可能太大或不完整。换一张，或不带图片发。",
                "This picture cannot be opened; it may be too large or damaged. Take another one, or send none.",
            ],
            Self::TooMany => [
                "今天已经说了不少了，明天再来吧。",
                "You have said much today; come back tomorrow.",
            ],
            Self::Blocked => [
                "对方今天不再收你的留言了。",
                "The publisher takes no more from you today.",
            ],
            Self::Busy => [
                "现在留言的人太多，请过一会儿再发。",
                "Too many are writing just now; send it again in a while.",
            ],
        }
    }
}

/// The campaign of which a page speaks.
pub(crate) struct SpokenOf {
    pub(crate) title: String,
    /// Who is behind it, as far as it says.
    pub(crate) who: Option<String>,
    pub(crate) question: Option<String>,
    pub(crate) colours: Colours,
    pub(crate) language: Language,
}

impl SpokenOf {
    pub(crate) fn new(campaign: &Campaign, language: Language) -> Self {
        Self {
            title: campaign.said(language.of_page()).title.to_owned(),
            who: campaign.separation.advertiser.clone(),
            question: campaign.question(language.of_page()).map(str::to_owned),
            colours: campaign.colours,
            language,
        }
    }

    fn page(&self, body: &Markup) -> Response {
        let style = palette(&self.colours);
        let document = Document {
            title: &self.title,
            language: self.language,
            style: &style,
            head: html! { meta name="robots" content="noindex"; },
        };
        let whole = html! { div.stripe {} main.moment { (language_switch(self.language)) (body) } };
        let keep = [(header::CACHE_CONTROL, "private, no-store")];
        (keep, Html(document.markup(&whole).into_string())).into_response()
    }
}

/// The step to it on a landing page: what is asked, and the way there.
pub(crate) fn step(campaign: &Campaign, path: &str, language: Language) -> Markup {
    if !campaign.voices.are_taken() {
        return html! {};
    }
    let question = campaign.question(language.of_page());
    html! {
        section.speak {
            @if let Some(question) = question {
                p.question lang=(Language::of_text(question).tag()) { (question) }
            }
            a.go.quiet href=(path) rel="nofollow" { (say_to(campaign.separation.advertiser.as_deref(), language)) }
        }
    }
}

fn say_to(who: Option<&str>, language: Language) -> String {
    match (language, who) {
        (Language::Chinese, Some(who)) => format!("对{who}说一句"),
        (Language::Chinese, None) => "对发布者说一句".to_owned(),
        (Language::English, Some(who)) => format!("Say something to {who}"),
        (Language::English, None) => "Say something to the publisher".to_owned(),
    }
}

/// A voice of somebody's own, on the page where they say more.
pub(crate) struct OwnLine {
    /// The whole link.
    pub(crate) link: String,
    /// The same without scheme and host.
    pub(crate) path: String,
    pub(crate) state: VoiceState,
}

/// Where somebody says something.
pub(crate) struct VoiceForm {
    /// The shared link, without scheme and host.
    pub(crate) path: String,
    pub(crate) of: SpokenOf,
    pub(crate) takes_pictures: bool,
    /// The last day on which it is kept.
    pub(crate) ends: String,
    pub(crate) said: SaidWords,
    /// What makes a form that is sent twice one voice.
    pub(crate) once: String,
    /// The same of the forms in which they said something before.
    pub(crate) said_before: String,
    /// What is kept of people, without scheme and host.
    pub(crate) privacy: String,
}

impl VoiceForm {
    /// The page: what they have said, and the form for more, unless nothing more is taken.
    pub(crate) fn answer(
        &self,
        (own, is_full): (&[OwnLine], bool),
        wrong: Option<Wrong>,
    ) -> Response {
        let language = self.of.language;
        let body = html! {
            @if own.is_empty() {
                h1 { (say_to(self.of.who.as_deref(), language)) }
                p { (self.of.title) }
            } @else {
                h1 { (language.say(["收到了，谢谢", "It has arrived, thank you"])) }
                (said_here(own, language))
            }
            @if !is_full {
                (self.form(own.is_empty(), wrong))
            } @else if own.is_empty() {
                p.soft { (language.say(Wrong::TooMany.words())) }
            }
            p { a href=(self.path) { (language.say(["返回", "Back"])) } " · " (privacy::link(&self.privacy, language)) }
        };
        let status = if wrong.is_some() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        };
        (status, self.of.page(&body)).into_response()
    }

    fn form(&self, is_first: bool, wrong: Option<Wrong>) -> Markup {
        let language = self.of.language;
        let label = match (&self.of.question, is_first) {
            (Some(question), true) => question.as_str(),
            (None, true) => language.say(["你想说什么？", "What would you like to say?"]),
            (_, false) => language.say(["还想说什么吗？", "Anything else?"]),
        };
        let kind = self.takes_pictures.then_some("multipart/form-data");
        html! {
            @if let Some(wrong) = wrong {
                p.wrong role="alert" { (language.say(wrong.words())) }
                @if self.takes_pictures { p.soft { (language.say(["如果选了图片，请再选一次。", "If you chose a picture, choose it once more."])) } }
            }
            form method="post" enctype=[kind] action=(format!("{}/voice", self.path)) {
                input type="hidden" name="once" value=(self.once);
                @if !self.said_before.is_empty() { input type="hidden" name="k" value=(self.said_before); }
                label for="sentence" { (label) }
                // What is first on a line of its own is not the text's.
                textarea id="sentence" name="sentence" rows="4" maxlength=(SENTENCE_CHARS_MAX) required { "\n" (self.said.sentence) }
                label for="name" { (language.say(["怎么称呼你？（可以不写）", "A name, if you like"])) }
                input id="name" name="name" maxlength=(NAME_CHARS_MAX) value=(self.said.name) autocomplete="off";
                @if self.takes_pictures {
                    label for="picture" { (language.say(["一张图片（可以不选，最大 8 MB）", "A picture, if you like, up to 8 MB"])) }
                    input id="picture" name="picture" type="file" accept="image/jpeg,image/png,image/webp,image/gif";
                }
                label.check {
                    input type="checkbox" name="agree" value="yes" required;
                    span {
                        @match language {
                            Language::Chinese => { "同意把我说的" @if self.takes_pictures { "和图片" } "交给发布者看和回复，保存到" (self.ends) "；随时一键删除。" },
                            Language::English => { "The publisher may read " @if self.takes_pictures { "this, with the picture," } @else { "this" } " and answer it, and keep it until " (self.ends) ". I can erase it with one press." },
                        }
                    }
                }
                label.check {
                    input type="checkbox" name="screen" value="yes";
                    span { (language.say(["也可以放到屏幕上给大家看（可以不勾）。", "It may be shown on the screen, too, if you like."])) }
                }
                button.go { (language.say(["发送", "Send it"])) }
            }
            @if self.takes_pictures {
                p.soft { (language.say([
                    "图片里的位置、时间等信息不会保存。",
                    "What the phone writes into a picture, such as the place, is not kept.",
                ])) }
            }
        }
    }
}

fn state_words(state: VoiceState) -> [&'static str; 2] {
    match state {
        VoiceState::Waiting => ["等待阅读", "Waiting to be read"],
        VoiceState::Read => ["已读", "Read"],
        VoiceState::Answered => ["已回复", "Answered"],
        VoiceState::Removed => ["被发布者撤下", "Taken down by the publisher"],
        VoiceState::Erased => ["你已删除", "Erased by you"],
        VoiceState::Expired => ["到期已删除", "Erased at its end"],
    }
}

fn said_here(own: &[OwnLine], language: Language) -> Markup {
    html! {
        p { (language.say([
            "回复会出现在你自己的链接里，它只在这里显示。留好它，不要转发：有这个链接的人都能看到和删除。",
            "The answer will be at your own link, which is shown here alone. Keep it, and do not pass it on: whoever has it can read and erase what you said.",
        ])) }
        @for voice in own {
            section.kept {
                p.address { (voice.link) }
                p { a href=(voice.path) rel="nofollow" { (language.say(["打开", "Open it"])) } " · " (language.say(state_words(voice.state))) }
            }
        }
    }
}

/// What became of a voice, for its writer.
pub(crate) fn mine(
    voice: &KeptVoice,
    (said, answer): (Option<&SaidWords>, Option<&str>),
    path: &str,
    language: Language,
    now_ms: i64,
) -> Response {
    let moment = |ms| sighting_words::moment(ms, now_ms, language);
    let of = SpokenOf::new(&voice.body, language);
    let is_removed = voice.state == VoiceState::Removed;
    let body = html! {
        h1 { (language.say(["你说的话", "What you said"])) }
        p { (of.title) " · " strong { (language.say(state_words(voice.state))) } }
        @if let Some((width, height)) = voice.picture_px {
            figure { img src=(format!("{path}/picture.jpg")) width=(width) height=(height) alt=(language.say(["你的图片", "Your picture"])); }
        }
        @if let Some(said) = said {
            blockquote lang=(Language::of_text(&said.sentence).tag()) { (said.sentence) }
            @if !said.name.is_empty() { p { "— " (said.name) } }
        }
        @if let Some(answer) = answer {
            section.after {
                h2 { @if is_removed { (language.say(["撤下的原因", "Why it was taken down"])) } @else { (language.say(["回复", "The answer"])) } }
                p.story lang=(Language::of_text(answer).tag()) { (answer) }
            }
        }
        @match &voice.words {
            Some(words) => {
                dl {
                    dt { (language.say(["同意的时间", "Agreed at"])) } dd { (moment(words.agreed_ms)) }
                    dt { (language.say(["同意的内容", "Agreed to"])) } dd {
                        (language.say(["发布者阅读和回复", "the publisher reads and answers it"]))
                        @if words.for_screen { (language.say(["，也可以上屏幕", "; it may be shown on the screen"])) }
                    }
                    dt { (language.say(["保存到", "Kept until"])) } dd { (moment(words.ends_ms)) }
                }
                form method="post" action=(format!("{path}/erase")) {
                    button.go.quiet { (language.say(["全部删除", "Erase all of it"])) }
                }
            },
            None => p { (language.say(["这里不再保存你说的话。", "What you said is kept here no more."])) },
        }
    };
    of.page(&body)
}

pub(crate) fn erased() -> Response {
    note(StatusCode::OK, ["已删除", "Erased"], |language| {
        html! { p { (language.say([
            "你说的话、图片和回复都没有了。",
            "What you said is gone, with the picture and the answer.",
        ])) } }
    })
}

pub(crate) fn too_large() -> Response {
    note(
        StatusCode::PAYLOAD_TOO_LARGE,
        ["图片太大了", "The picture is too large"],
        |language| {
            html! { p { (language.say([
                "最大 8 MB。换一张小一点的，或不带图片发。",
                "It may have up to 8 MB. Take a smaller one, or send none.",
            ])) } }
        },
    )
}
