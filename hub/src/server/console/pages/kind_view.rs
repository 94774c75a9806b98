//! The three figures with which the report of a campaign begins, as its kind wants them.

use maud::{Markup, html};
use passerby_protocol::campaign::Kind;

use crate::server::console::asker::Asker;
use crate::server::console::layout::number;
use crate::server::console::pages::campaigns::kind_words;
use crate::store::KindReport;

/// A figure: what it is called, what it is, what it means.
struct Figure {
    name: &'static str,
    value: Markup,
    means: String,
}

/// Shows them.
pub(super) fn figures(asker: &Asker, report: &KindReport) -> Markup {
    let figures = match report.kind {
        Kind::Event => [
            burst(asker, report),
            tail(asker, report),
            readers(asker, report),
        ],
        Kind::Fans => [
            returning(asker, report),
            followers(asker, report),
            regeneration(asker, report),
        ],
        Kind::Combined => [
            burst(asker, report),
            went_on(asker, report),
            followers(asker, report),
        ],
    };
    html! {
        section {
            h2 { (asker.say(kind_words(report.kind))) }
            dl.figures { @for figure in &figures {
                div { dt { (figure.name) } dd { (figure.value) } }
            } }
            ul.soft { @for figure in &figures { li { (figure.name) (asker.say(["：", ": "])) (figure.means) } } }
        }
    }
}

/// A dash, and why there is no figure.
fn none(asker: &Asker, name: &'static str, why: [&'static str; 2]) -> Figure {
    Figure {
        name,
        value: html! { "—" },
        means: asker.say(why).to_owned(),
    }
}

const NOT_OVER: [&str; 2] = [
    "活动还没有结束，或者没有写最后一天。",
    "it is not over, or has no last day.",
];

fn burst(asker: &Asker, report: &KindReport) -> Figure {
    let name = asker.say(["高峰（一小时扫码）", "Burst: scans in one hour"]);
    let Some(burst) = &report.burst else {
        return none(asker, name, ["还没有人扫码。", "nobody has scanned yet."]);
    };
    let hour = burst.hour.strftime("%Y-%m-%d %H:%M");
    let [day, two_days, of] = [burst.day, burst.two_days, burst.of].map(number);
    Figure {
        name,
        value: html! { (number(burst.scans)) },
        means: if asker.is_chinese() {
            format!(
                "从 {hour} 起的一小时最多；头 24 小时 {day} 次，头 48 小时 {two_days} 次，一共 {of} 次。"
            )
        } else {
            format!(
                "the hour from {hour} had the most; {day} came within 24 hours of the first, {two_days} within 48, of {of}."
            )
        },
    }
}

fn tail(asker: &Asker, report: &KindReport) -> Figure {
    let name = asker.say(["尾声（结束后的扫码）", "Tail: scans after its end"]);
    let Some(tail) = &report.tail else {
        return none(asker, name, NOT_OVER);
    };
    let (day, of) = (tail.last_day, number(tail.of));
    Figure {
        name,
        value: html! { (number(tail.scans)) },
        means: if asker.is_chinese() {
            format!("{day} 之后的扫码，一共 {of} 次。")
        } else {
            format!("after {day}, of {of}.")
        },
    }
}

fn readers(asker: &Asker, report: &KindReport) -> Figure {
    let name = asker.say(["后续故事的读者", "Readers of what came of it"]);
    let Some(tail) = &report.tail else {
        return none(asker, name, NOT_OVER);
    };
    let day = tail.last_day;
    Figure {
        name,
        value: html! { (number(tail.readers)) },
        means: if asker.is_chinese() {
            format!("{day} 之后打开的页面。")
        } else {
            format!("pages opened after {day}.")
        },
    }
}

fn returning(asker: &Asker, report: &KindReport) -> Figure {
    let name = asker.say(["当天再来的人", "Back on the same day"]);
    let Some(found) = &report.returning else {
        return none(asker, name, ["还没有人扫码。", "nobody has scanned yet."]);
    };
    let of = number(found.of);
    if let Some(known) = &report.followers {
        let [total, people] = [known.total, found.people].map(number);
        return Figure {
            name: asker.say(["再来的关注者", "Followers who came back"]),
            value: html! { (number(known.returned)) },
            means: if asker.is_chinese() {
                format!(
                    "{total} 位关注者当中，在认得他们的手机上。其余的人代号每天更换：{of} 人中有 {people} 人当天再次扫码。"
                )
            } else {
                format!(
                    "of {total}, on phones that know them. Of {of} others, whose pseudonyms change daily, {people} scanned again on one day."
                )
            },
        };
    }
    Figure {
        name,
        value: html! { (number(found.people)) },
        means: if asker.is_chinese() {
            format!("{of} 人当中。代号每天更换：没有本人同意，就不知道谁改天又来。")
        } else {
            format!(
                "of {of}. Pseudonyms change daily: without their consent nobody knows who comes on another day."
            )
        },
    }
}

fn followers(asker: &Asker, report: &KindReport) -> Figure {
    let name = asker.say(["关注的人", "Followers"]);
    let Some(found) = &report.followers else {
        let why = [
            "这个活动在这里还不能关注。",
            "people cannot follow this campaign here.",
        ];
        return none(asker, name, why);
    };
    let [new, gone] = [found.new, found.gone].map(number);
    Figure {
        name,
        value: html! { (number(found.total)) },
        means: if asker.is_chinese() {
            format!("30 天内新增 {new} 人，离开 {gone} 人。")
        } else {
            format!("{new} came and {gone} left within thirty days.")
        },
    }
}

fn regeneration(asker: &Asker, report: &KindReport) -> Figure {
    let name = asker.say([
        "每个转发者带来的新人",
        "New people by each who passes it on",
    ]);
    let Some(found) = report.regeneration else {
        let why = [
            "转发的链接还没有满七天的。",
            "no link that was passed on is seven days old.",
        ];
        return none(asker, name, why);
    };
    let estimate = found.estimate;
    let range = format!("{:.2}–{:.2}", estimate.low, estimate.high);
    Figure {
        name,
        value: html! { (format!("{:.2}", estimate.value)) " " small { (range) } },
        means: if asker.is_chinese() {
            format!("{} 位转发者，95% 置信区间 {range}。", number(found.links))
        } else {
            format!(
                "of {} who did; between {range} in 95 of 100 cases.",
                number(found.links)
            )
        },
    }
}

fn went_on(asker: &Asker, report: &KindReport) -> Figure {
    let name = asker.say(["留下来的链", "Chains that went on"]);
    let Some(found) = &report.went_on else {
        let why = [
            "邀请关注的阶段还没有开始。",
            "no phase has begun in which people are asked to follow.",
        ];
        return none(asker, name, why);
    };
    let (days, of_days) = (number(found.days), number(found.of_days));
    let (followed, stayed) = (number(found.followed), number(found.stayed));
    Figure {
        name,
        value: html! { (number(found.chains)) },
        means: if asker.is_chinese() {
            format!(
                "高峰中的扫码，其链接在关注阶段又被转发打开；来自高峰 {of_days} 天中的 {days} 天。高峰带来 {followed} 位关注者，{stayed} 位留下。"
            )
        } else {
            format!(
                "scans of the burst whose page was passed on in the fans' phase, from {days} of its {of_days} days. Of {followed} people whom it brought to follow, {stayed} stayed."
            )
        },
    }
}
