//! The fields for how people can follow a campaign, and what it keeps for those who do.

use maud::{Markup, html};

use crate::server::console::asker::Asker;
use crate::server::console::layout::Line;
use crate::server::console::pages::drafts::page_words::area;

pub(super) fn follow_keys(asker: &Asker, value: &impl Fn(&str) -> String) -> Markup {
    let switch = |key: &'static str, label: [&'static str; 2]| {
        html! {
            label.check {
                input type="checkbox" name=(key) value="true" checked[value(key) == "true"];
                span { (asker.say(label)) }
            }
            // So that one that is not ticked says so; the first of a name counts.
            input type="hidden" name=(key) value="";
        }
    };
    let line = |key: &'static str, label: [&'static str; 2]| {
        Line::text(key, asker.say(label), &value(key)).markup()
    };
    let link = |key: &'static str| {
        let label = asker.say(["链接", "Link"]);
        Line {
            kind: "url",
            ..Line::text(key, label, &value(key))
        }
        .markup()
    };
    let last = asker.say(["最后一天", "Its last day"]);
    html! {
        details {
            summary { (asker.say(["怎样关注", "How people can follow"])) }
            p.hint { (asker.say([
                "关注是手机页面上的一步。邮件要先在邮箱里确认；还需要邮件服务器。",
                "Following is one step on the page for phones. Mail is confirmed first, and needs a mail server.",
            ])) }
            (switch("follow.mail", ["邮件", "By mail"]))
            (switch("follow.feed", ["订阅源", "By a feed"]))
            (line("follow.account.name", ["别处的账号，例如：公众号「三体书店」", "An account elsewhere, such as: WeChat, our book shop"]))
            (link("follow.account.link"))
            (line("follow.account.picture", ["它的二维码，这份草稿里的图片文件名", "Its code, as the name of a picture of this draft"]))
            (area("follow.for_fans.words", asker.say(["给关注者的几句话", "A few sentences for those who follow"]), &value("follow.for_fans.words"), 3))
            (link("follow.for_fans.link"))
            (line("follow.for_fans.offer", ["优惠，每人一个码，只能用一次", "An offer; each gets a code that works once"]))
            (Line { kind: "date", ..Line::text("follow.for_fans.offer_until", last, &value("follow.for_fans.offer_until")) }.markup())
        }
    }
}
