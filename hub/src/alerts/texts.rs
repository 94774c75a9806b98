//! What messages say, in the language of their rule.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::store::{AlertChange, AlertKind, AlertTelling, AlertWords};
use crate::system::clock;

/// Words of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) subject: String,
    pub(super) body: String,
}

fn kind_words(kind: AlertKind) -> [&'static str; 2] {
    match kind {
        AlertKind::Silent => ["无联系", "silent"],
        AlertKind::Dark => ["黑屏", "dark"],
        AlertKind::Full => ["存储快满了", "nearly full"],
        AlertKind::Clock => ["时间不可信", "unsure of the time"],
        AlertKind::Voices => ["路人的新留言", "spoken to by passers-by"],
    }
}

/// The hub's own time, which people of the place read.
fn moment(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = at.to_zoned(clock::time_zone());
    local.strftime("%Y-%m-%d %H:%M").to_string()
}

fn line(words: AlertWords, change: &AlertChange) -> String {
    let kind = words.say(kind_words(change.kind));
    let (name, since) = (&change.name, moment(change.since_ms));
    match (words, change.is_bad) {
        (AlertWords::Chinese, true) => format!("● {name}：{kind}，自 {since}"),
        (AlertWords::English, true) => format!("● {name}: {kind} since {since}"),
        (AlertWords::Chinese, false) => format!("○ {name}：恢复正常（曾{kind}，自 {since}）"),
        (AlertWords::English, false) => format!("○ {name}: well again (was {kind} since {since})"),
    }
}

fn subject(words: AlertWords, telling: &AlertTelling) -> String {
    if telling.is_test {
        let said = ["这是一条测试消息", "This is a test message"];
        return words.say(said).to_owned();
    }
    if telling.voices > 0 {
        return match words {
            AlertWords::Chinese => format!("{} 条路人的新留言", telling.voices),
            AlertWords::English if telling.voices == 1 => "1 new voice of a passer-by".to_owned(),
            AlertWords::English => format!("{} new voices of passers-by", telling.voices),
        };
    }
    if let ([change], 1) = (&telling.changes[..], telling.bad + telling.well) {
        let kind = words.say(kind_words(change.kind));
        return match (words, change.is_bad) {
            (AlertWords::Chinese, true) => format!("{}：{kind}", change.name),
            (AlertWords::English, true) => format!("{} is {kind}", change.name),
            (AlertWords::Chinese, false) => format!("{}：恢复正常", change.name),
            (AlertWords::English, false) => format!("{} is well again", change.name),
        };
    }
    let AlertTelling { bad, well, .. } = telling;
    match (words, *bad, *well) {
        (AlertWords::Chinese, bad, 0) => format!("{bad} 处屏幕问题"),
        (AlertWords::Chinese, 0, well) => format!("{well} 处问题已恢复"),
        (AlertWords::Chinese, bad, well) => format!("{bad} 处屏幕问题，{well} 处已恢复"),
        (AlertWords::English, bad, 0) => format!("{} wrong with screens", things(bad)),
        (AlertWords::English, 0, well) => format!("{} well again", things(well)),
        (AlertWords::English, bad, well) => {
            format!("{} wrong with screens, {well} well again", things(bad))
        }
    }
}

fn things(count: usize) -> String {
    let things = if count == 1 { "thing" } else { "things" };
    format!("{count} {things}")
}

/// Writes a message. `link` leads to the page of alerts, where the hub knows its address.
pub(super) fn text(
    words: AlertWords,
    rule: &str,
    telling: &AlertTelling,
    link: Option<&str>,
) -> Text {
    let subject = subject(words, telling);
    let mut body = format!("{subject}\n\n");
    if telling.is_test {
        body += words.say([
            "如果你收到了它，这条规则的提醒就能送到你这里。\n",
            "If you can read this, what this rule has to tell reaches you.\n",
        ]);
    }
    for change in &telling.changes {
        let _ = writeln!(body, "{}", line(words, change));
    }
    if telling.voices > 0 {
        body += words.say([
            "在控制台里活动的页面阅读和回复。\n",
            "They are read and answered in the console, on the pages of their campaigns.\n",
        ]);
    }
    let others = (telling.bad + telling.well).saturating_sub(telling.changes.len());
    if others > 0 {
        let _ = match words {
            AlertWords::Chinese => writeln!(body, "…还有 {others} 处"),
            AlertWords::English => writeln!(body, "… and {others} more"),
        };
    }
    if telling.is_last {
        body += words.say([
            "\n这条规则今天的消息已经用完，24 小时之内不再发送；现状请看提醒页面。\n",
            "\nThis rule has used up its messages of 24 hours and is quiet for now; the page of alerts says how things are.\n",
        ]);
    }
    if let Some(link) = link {
        let _ = write!(body, "\n{link}\n");
    }
    let _ = match words {
        AlertWords::Chinese => writeln!(body, "\n规则：{rule} · 路人 Passerby"),
        AlertWords::English => writeln!(body, "\nRule: {rule} · Passerby"),
    };
    Text { subject, body }
}

#[cfg(test)]
mod tests {
    use passerby_protocol::ScreenNumber;

    use super::*;

    fn change(number: u32, is_bad: bool) -> AlertChange {
        AlertChange {
            screen: ScreenNumber::new(number).unwrap(),
            name: format!("Exit {number}"),
            kind: AlertKind::Silent,
            is_bad,
            since_ms: 0,
        }
    }

    #[test]
    fn one_screen_is_named_in_the_subject_and_many_are_counted() {
        let one = AlertTelling {
            bad: 1,
            changes: vec![change(1, true)],
            ..AlertTelling::default()
        };
        let said = text(
            AlertWords::English,
            "North",
            &one,
            Some("https://hub.example/x"),
        );
        assert_eq!(said.subject, "Exit 1 is silent");
        assert!(said.body.contains("https://hub.example/x") && said.body.contains("Rule: North"));
        assert_eq!(
            text(AlertWords::Chinese, "北", &one, None).subject,
            "Exit 1：无联系"
        );
        let voices = AlertTelling {
            voices: 3,
            ..AlertTelling::default()
        };
        let said = |words| text(words, "North", &voices, None).subject;
        assert_eq!(said(AlertWords::English), "3 new voices of passers-by");
        assert_eq!(said(AlertWords::Chinese), "3 条路人的新留言");
        let many = AlertTelling {
            bad: 9_999,
            well: 1,
            changes: vec![change(1, true), change(2, false)],
            is_last: true,
            ..AlertTelling::default()
        };
        let said = text(AlertWords::English, "North", &many, None);
        assert_eq!(said.subject, "9999 things wrong with screens, 1 well again");
        let two = AlertTelling {
            bad: 1,
            well: 1,
            changes: vec![change(1, true), change(2, false)],
            ..AlertTelling::default()
        };
        let said_of_two = text(AlertWords::English, "North", &two, None).subject;
        assert_eq!(said_of_two, "1 thing wrong with screens, 1 well again");
        assert!(said.body.contains("… and 9998 more") && said.body.contains("quiet for now"));
    }
}
