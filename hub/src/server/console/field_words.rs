//! What is wrong in a `campaign.toml` and in the texts of cards, tickers and pages, in Chinese.
//!
//! Invariant: every phrase that these files' readers hand over has its Chinese in [`phrase`]; what
//! only a parser can say stands behind it in brackets, as it said it.

use passerby_protocol::content_fault::{Accepted, FieldFault, Shown};

/// Says what is wrong with a key or value.
pub(super) fn said(fault: &FieldFault) -> String {
    match fault {
        FieldFault::NotUtf8 { encoding } => {
            let kind = encoding
                .as_ref()
                .map_or_else(String::new, |encoding| format!("，而是 {encoding}"));
            format!("它不是 UTF-8 文本{kind}，请另存为 UTF-8（记事本：另存为 → 编码 → UTF-8）")
        }
        FieldFault::TooLarge { bytes, bytes_max } => {
            format!("文件有 {bytes} 字节，最多 {bytes_max} 字节，请改小一些")
        }
        FieldFault::PartMissing { name } => {
            format!("里面写了 {name:?}，但没有这张图片，请加上它，或者去掉它的名字")
        }
        FieldFault::PartOfNoKind { name } => {
            format!("里面写的 {name:?} 不是这个文件夹里的图片，请写旁边一张图片的名字")
        }
        FieldFault::NotToml { words } => {
            format!("这一行不符合 TOML 的写法，请检查引号、等号和括号（{words}）")
        }
        FieldFault::CurlyQuote { quote } => {
            format!("{quote} 是排版用的引号，TOML 里请用直引号：\"这样\" 或 '这样'")
        }
        FieldFault::TurningMark { mark } => format!(
            "这段文字里有看不见的字符 U+{:04X}，会把后面的字倒过来，请重新输入这段文字",
            u32::from(*mark)
        ),
        FieldFault::HiddenCharacter { key, character } => format!(
            "{key} 里有字符 U+{:04X}，屏幕显示不了，请删掉",
            u32::from(*character)
        ),
        FieldFault::UnknownKey {
            key,
            section,
            known,
        } => {
            let at = match section.as_str() {
                "" => "最上层".to_owned(),
                section => format!("{section} 里"),
            };
            format!("{at}没有 {key:?} 这一项，可以写的有：{}", known.join("、"))
        }
        FieldFault::WrongName { key, why } => format!("{key:?} 这个名字不对：{}", reason(why)),
        FieldFault::WrongValue {
            key,
            value,
            why,
            accepted,
        } => wrong(&format!("{key} 现在是"), value, why.as_deref(), accepted),
        FieldFault::WrongEntry {
            key,
            value,
            why,
            accepted,
        } => wrong(&format!("{key} 里有"), value, why.as_deref(), accepted),
        FieldFault::NoSection { name, accepted } => {
            format!("{name} 不是一节，请写成{}", of_accepted(accepted))
        }
        FieldFault::Missing { name, key, example } => {
            let example = phrase(example).unwrap_or(example);
            format!("缺少 {name}，请加上 {key} = {example}")
        }
        FieldFault::TooManyEntries {
            key,
            count,
            count_max,
        } => format!("{key} 有 {count} 项，最多 {count_max} 项"),
    }
}

fn wrong(begin: &str, value: &Shown, why: Option<&str>, accepted: &Accepted) -> String {
    let value = match value {
        Shown::Written { text } => format!(" {text}"),
        Shown::LongText { chars } => format!("一段 {chars} 个字的文字"),
        Shown::List => "一个列表".to_owned(),
        Shown::Section => "一节".to_owned(),
    };
    let accepted = of_accepted(accepted);
    match why {
        Some(why) => format!("{begin}{value}：{}；请写{accepted}", reason(why)),
        None => format!("{begin}{value}，请写{accepted}"),
    }
}

/// Why something was not accepted; a reason without Chinese stays as it was said.
fn reason(why: &str) -> &str {
    phrase(why).unwrap_or(why)
}

fn of_accepted(accepted: &Accepted) -> String {
    let known = |words: &str| phrase(words).map_or_else(|| words.to_owned(), str::to_owned);
    match accepted {
        Accepted::Words { words } => known(words),
        Accepted::List { words } => format!("一个列表，每项是{}", known(words)),
        Accepted::Text { words, chars_max } => format!("{}，最多 {chars_max} 个字", known(words)),
        Accepted::Whole { from, to } => format!(" {from} 到 {to} 之间的整数"),
        Accepted::Number { from, to } => format!(" {from} 到 {to} 之间的数"),
        Accepted::Numbers { count, from, to } => {
            format!("一个列表，里面是 {count} 个 {from} 到 {to} 之间的数")
        }
        Accepted::Switch => " true（是）或 false（否）".to_owned(),
        Accepted::OneOf { words } => {
            let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            format!(" {} 中的一个", words.join("、"))
        }
        Accepted::Date => "日期，例如 2026-12-01，不加引号".to_owned(),
        Accepted::Section { name } => format!("一节 [{name}]"),
        Accepted::Sections { name, count_max } => {
            format!("最多 {count_max} 节 [[{name}]]")
        }
        Accepted::Texts { count_max } => format!("一节，里面有 1 到 {count_max} 段文字"),
    }
}

/// A phrase of the readers, in Chinese.
pub(super) fn phrase(english: &str) -> Option<&'static str> {
    Some(match english {
        "a line of text" => "一行文字",
        "a text" => "一段文字",
        "a name" => "一个名称",
        "a line of text, or one for each language such as { zh = \"…\", en = \"…\" }" => {
            "一行文字，或者每种语言一行，例如 { zh = \"…\", en = \"…\" }"
        }
        "a link such as \"https://shop.example/book\"" => {
            "网址，例如 \"https://shop.example/book\""
        }
        "a link such as \"https://shop.example/fans\"" => {
            "网址，例如 \"https://shop.example/fans\""
        }
        "a link such as \"https://cafe.example\"" => "网址，例如 \"https://cafe.example\"",
        "a link such as \"https://weather.example/harbour\"" => {
            "网址，例如 \"https://weather.example/harbour\""
        }
        "a domain such as \"go.shop.example\"" => "域名，例如 \"go.shop.example\"",
        "a word such as \"street\"" => "一个词，例如 \"street\"",
        "a word such as \"pclick\", or \"\" for none" => "一个词，例如 \"pclick\"；不要就写 \"\"",
        "a colour such as \"#c8102e\"" => "颜色，例如 \"#c8102e\"",
        "the name of a picture in this folder" => "这个文件夹里一张图片的文件名",
        "days and hours such as \"mon-fri 07:00-10:00\"" => {
            "星期和时间，例如 \"mon-fri 07:00-10:00\""
        }
        "a condition such as \"venue.tags.exists(t, t == 'metro')\"" => {
            "条件，例如 \"venue.tags.exists(t, t == 'metro')\""
        }
        "a zone's name such as \"main\"" => "区域的名字，例如 \"main\"",
        "a name such as \"story\"" => "一个名字，例如 \"story\"",
        "a name such as \"button\"" => "一个名字，例如 \"button\"",
        "names of phases such as \"launch\"" => "阶段的名字，例如 \"launch\"",
        "names of screens such as \"Exit B\", or tags of their venues such as \"#metro\"" => {
            "屏幕的名字，例如 \"Exit B\"，或者场所的标签，例如 \"#metro\""
        }
        "the network's name" => "网络的名字",
        "the network's password" => "网络的密码",
        "a number such as \"+86 10 1234 5678\"" => "电话号码，例如 \"+86 10 1234 5678\"",
        "an address such as \"hello@cafe.example\"" => "邮箱地址，例如 \"hello@cafe.example\"",
        "a time such as 2026-12-04T20:00" => "时间，例如 2026-12-04T20:00",
        "a local time such as 2026-12-04T18:00:00, or a date for midnight" => {
            "当地时间，例如 2026-12-04T18:00:00；只写日期就是零点"
        }
        "dates such as 2026-12-25 or local times such as 2026-12-24T17:00:00" => {
            "日期，例如 2026-12-25，或当地时间，例如 2026-12-24T17:00:00"
        }
        "a rule such as \"FREQ=WEEKLY;BYDAY=FR\"" => "日历规则，例如 \"FREQ=WEEKLY;BYDAY=FR\"",
        other => return of_other_files(other).or_else(|| of_reason(other)),
    })
}

/// Phrases of cards, tickers and pages, and of examples.
fn of_other_files(english: &str) -> Option<&'static str> {
    Some(match english {
        "\"what it is called\"" => "\"它叫什么\"",
        "\"what is read from afar\"" => "\"远处就能看见的字\"",
        "\"the order's name\"" => "\"订单的名字\"",
        "its number in SPACE" => "它在 SPACE 里的编号",
        "a link to it, or its code as a picture" => "它的网址，或者用 picture 写它的二维码图片",
        "[\"what runs by\", \"and then\"]" => "[\"滚动的字\", \"下一句\"]",
        "a price such as \"¥68\"" => "价格，例如 \"¥68\"",
        "lines of text, each of 1 to 200 characters" => "一行文字，1 到 200 个字",
        "a local date and time such as \"2026-12-24T19:00\"" => {
            "当地日期和时间，例如 \"2026-12-24T19:00\""
        }
        "the name of a reading such as \"queue\"" => "读数的名字，例如 \"queue\"",
        "the name of a .jpg, .png, .webp, .gif or .svg file in the same folder" => {
            "同一个文件夹里 .jpg、.png、.webp、.gif 或 .svg 文件的名字"
        }
        "words such as \"Departures\"" => "几个词，例如 \"Departures\"",
        _ => return None,
    })
}

/// Why a value was not accepted.
fn of_reason(english: &str) -> Option<&'static str> {
    Some(match english {
        "it does not start with https://" => "它不是以 https:// 开头",
        "it does not start with https:// or http://" => "它不是以 https:// 或 http:// 开头",
        "it is not a date and a time" => "它不是日期加时间",
        "it is longer than 300 bytes" => "它超过 300 字节",
        "it has a space or a quote in it" => "里面有空格或引号",
        "it has characters that cannot be seen; type it anew, or copy it from the address line of a browser" => {
            "里面有看不见的字符，请重新输入，或从浏览器的地址栏复制"
        }
        "it names no host" => "里面没有域名",
        "it is more than a domain" => "它不只是一个域名",
        "it is longer than 100 bytes, and each makes the code larger" => {
            "它超过 100 字节，而每个字节都会让码更大"
        }
        "it is not a domain's name" => "它不是域名",
        "it is longer than 32 letters" => "它超过 32 个字母",
        "it has more than letters, digits, _, - and . in it" => "里面只能有字母、数字、_、- 和 .",
        "it is not a language such as \"zh\" or \"en\"" => "它不是语言代码，例如 \"zh\" 或 \"en\"",
        "it names a region; use the language alone, such as \"zh\"" => {
            "它带了地区，请只写语言，例如 \"zh\""
        }
        "a network's name has 1 to 32 bytes" => "网络名是 1 到 32 字节",
        "a password has 8 to 63 letters, digits and signs; leave it out for an open network" => {
            "密码是 8 到 63 个字母、数字和符号；没有密码的网络就不写"
        }
        "it is not a telephone number" => "它不是电话号码",
        "it is not a mail address" => "它不是邮箱地址",
        "not a colour" => "它不是颜色",
        "it is not made of 1 to 32 lower-case letters, digits and dashes" => {
            "它只能是 1 到 32 个小写字母、数字和连字符"
        }
        "not days and hours such as \"mon-fri 07:00-10:00\", \"sat,sun 10:00-24:00\" or \"22:00-02:00\"" => {
            "它不是星期和时间"
        }
        "not a date or time of the calendar" => "日历上没有这一天或这个时间",
        "it has an offset, but times are the venue's own" => {
            "它带了时差，而这里的时间是屏幕所在地的"
        }
        "it has parts of a second" => "它带了小数秒",
        "it is no date with a time" => "它不是日期加时间",
        "it is blank" => "它是空的",
        "it is too long" => "它太长",
        "it has a line break in it" => "里面有换行",
        "it is not 1 to 100 bytes long" => "它不是 1 到 100 字节",
        "it is a path" => "它是一个路径",
        "it is no picture" => "它不是图片",
        "it is longer than 200 characters" => "它超过 200 个字",
        "it is more than one line" => "它不止一行",
        "there is nothing in it that could be seen" => "里面没有看得见的东西",
        "it is longer than 2000 bytes" => "它超过 2000 字节",
        "it has a space in it" => "里面有空格",
        "it has a user name in it, which everybody who gets this file could read" => {
            "里面有用户名，拿到这个文件的人都能看到"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use passerby_protocol::Campaign;
    use passerby_protocol::card::{Card, Ticker};
    use passerby_protocol::content_fault::ContentFault;
    use passerby_protocol::toml_fields::Problem;
    use passerby_protocol::web_page::WebPage;

    use super::*;

    /// Every key with a value that no key accepts, and what is missing where nothing is there.
    const CAMPAIGN: &str = r##"
        title = [[]]
        kind = 1
        target = 1
        landing = 1
        share = 1
        story = 1
        button = 1
        headline = 1
        advertiser = 1
        category = 1
        apart_seconds = 'x'
        rivals_apart_seconds = -1
        adaptive = { floor_percent = 'x', among_campaigns = 1, by = 1 }
        buyer = { order = 1, line = 1, buyer = 'x' }
        colours = { paper = 1, ink = 'red' }
        words = { zh = { title = 1, story = 1 }, en = 1 }
        voices = { question = 1, take = 1 }
        link = { form = 1, domain = 1, click = 1, utm = { source = 1 } }
        [follow]
        mail = 1
        account = { name = 1, link = 1, picture = 1 }
        for_fans = { words = 1, link = 1, offer = 1, offer_until = 1 }
        [[phase]]
        from = 1
        goal_plays = 'x'
        ends_on = 1
        [[placement]]
        seconds = 'x'
        filler = 1
        headline = 1
        dayparts = [1, 'x']
        recurs = { start = 1, minutes = 'x', rule = 1, except = 1, also = [1] }
        when = 1
        code = { corner = 1, call = 1 }
        zone = 1
        transition = 1
        share_percent = 'x'
        per_hour = 'x'
        sequence = 1
        phases = 1
        trigger = { name = 1, seconds = 'x' }
        screens = 1
        takeover = 1
        [[placement]]
        creative = 1
        dayparts = 1
        zone = 'A B'
        code = { call = { 'zh-CN' = 'x', Klingon = 'x' }, wifi = { name = '', password = '1', hidden = 1 } }
        recurs = {}
        [[placement]]
        creative = 'b.png'
        code = { contact = { phone = 'x', email = 'x', link = 'x', organisation = 1 } }
        [[placement]]
        creative = 'a.exe'
        code = { event = { start = 1, end = 'x' } }
    "##;

    fn phrases(problems: &[Problem]) -> Vec<String> {
        let mut phrases = Vec::new();
        for problem in problems {
            let Some(ContentFault::Field { what }) = &problem.fault else {
                continue;
            };
            let (accepted, why) = match &**what {
                FieldFault::WrongValue { accepted, why, .. }
                | FieldFault::WrongEntry { accepted, why, .. } => (Some(accepted), why.clone()),
                FieldFault::WrongName { why, .. } => (None, Some(why.clone())),
                FieldFault::Missing { example, .. } => {
                    let needs_none = example.starts_with(['"', '2', '1']);
                    if !needs_none || example.contains("what") {
                        phrases.push(example.clone());
                    }
                    (None, None)
                }
                _ => (None, None),
            };
            if let Some(
                Accepted::Words { words } | Accepted::List { words } | Accepted::Text { words, .. },
            ) = accepted
            {
                phrases.push(words.clone());
            }
            phrases.extend(why);
        }
        phrases
    }

    #[test]
    fn every_phrase_that_a_wrong_file_brings_up_has_its_chinese() {
        let files = ["a.png".to_owned(), "b.png".to_owned()];
        let mut problems = Campaign::parse("campaign.toml", CAMPAIGN, &files).expect_err("wrong");
        problems.extend(Campaign::parse("campaign.toml", "", &files).expect_err("wrong"));
        let follow = "title = 'x'\n[follow]\naccount = {}\n";
        problems.extend(Campaign::parse("campaign.toml", follow, &files).expect_err("wrong"));
        let card = "body = 1\nprice = 1\nwas = 1\npicture = 1\nlogo = '/x'\ncountdown = { label = 1 }\n\
                    counter = { label = 1, unit = 1 }\n";
        problems.extend(Card::parse("a.card.toml", card).expect_err("wrong"));
        let card = "countdown = { to = 1 }\ncounter = { name = 'A B' }\n";
        problems.extend(Card::parse("a.card.toml", card).expect_err("wrong"));
        problems.extend(Ticker::parse("a.ticker.toml", "lines = [1, '']").expect_err("wrong"));
        problems.extend(Ticker::parse("a.ticker.toml", "").expect_err("wrong"));
        let page = "url = 1\nexpect = 1\nends_at = 'x'\n";
        problems.extend(WebPage::parse("a.page.toml", page).expect_err("wrong"));
        problems.extend(WebPage::parse("a.page.toml", "").expect_err("wrong"));
        assert!(problems.iter().all(|problem| problem.fault.is_some()));
        let phrases = phrases(&problems);
        assert!(phrases.len() > 60, "{}", phrases.len());
        let missing: Vec<&String> = phrases
            .iter()
            .filter(|words| phrase(words).is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn a_fault_is_said_with_its_key_and_value() {
        let text = "title = 'x'\n[[placement]]\ncreative = 'a.png'\nseconds = 0\ncolour = 1\n";
        let problems = Campaign::parse("campaign.toml", text, &["a.png".to_owned()]);
        let said: Vec<String> = problems
            .expect_err("two problems")
            .iter()
            .filter_map(|problem| match &problem.fault {
                Some(ContentFault::Field { what }) => Some(said(what)),
                _ => None,
            })
            .collect();
        assert_eq!(
            said[0],
            "placement[1].seconds 现在是 0，请写 2 到 3600 之间的整数"
        );
        assert!(
            said[1].starts_with("placement[1] 里没有 \"colour\" 这一项，可以写的有：code、"),
            "{}",
            said[1]
        );
    }
}
