//! The form of a rule for alerts: its fields, and how they are read.

use maud::{Markup, html};

use crate::alerts::Hook;
use crate::alerts::check::{self, HookInput, RuleError};
use crate::people::group;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{Line, choice};
use crate::server::language::Language;
use crate::store::{AlertKind, AlertRule, AlertSettings, AlertWords, HookKind};

/// What is wrong with a screen, or what else there is to tell, in short.
pub(crate) const fn kind_words(kind: AlertKind) -> [&'static str; 2] {
    match kind {
        AlertKind::Silent => ["无联系", "Silent"],
        AlertKind::Dark => ["黑屏", "Dark"],
        AlertKind::Full => ["存储快满", "Nearly full"],
        AlertKind::Clock => ["时间不可信", "Unsure of the time"],
        AlertKind::Voices => ["路人的新留言", "New voices of passers-by"],
    }
}

const fn kind_means(kind: AlertKind) -> [&'static str; 2] {
    match kind {
        AlertKind::Silent => [
            "一段时间没有任何联系",
            "Nothing was heard of it for a while",
        ],
        AlertKind::Dark => [
            "有联系，却没有画面，或者什么都没播",
            "It is in touch, and has no picture or plays nothing",
        ],
        AlertKind::Full => ["磁盘剩余空间太少", "Too little of its disk is free"],
        AlertKind::Clock => [
            "十分钟以上不知道可信的时间",
            "It has had no time that it trusts for ten minutes",
        ],
        AlertKind::Voices => [
            "屏幕前有人留言，还没有人读过；一天最多一条",
            "Somebody said something there that nobody has read; one message a day",
        ],
    }
}

/// What a web hook is called.
pub(crate) const fn hook_words(kind: HookKind) -> [&'static str; 2] {
    match kind {
        HookKind::Json => [
            "自己的程序（签名 JSON）",
            "A program of yours (signed JSON)",
        ],
        HookKind::Wecom => ["企业微信群机器人", "WeCom group robot"],
        HookKind::Feishu => ["飞书群机器人", "Feishu or Lark group robot"],
        HookKind::Dingtalk => ["钉钉群机器人", "DingTalk group robot"],
        HookKind::Slack => ["Slack", "Slack"],
    }
}

/// Why a rule was not taken.
pub(crate) const fn why(error: RuleError) -> [&'static str; 2] {
    match error {
        RuleError::Name => ["请起一个看得清的名字。", "Give it a name that can be read."],
        RuleError::Kinds => [
            "请至少选一种情况。",
            "Choose at least one thing to be told of.",
        ],
        RuleError::Nobody => [
            "请填写邮箱，或选择一个机器人。",
            "Name an address for mail, or a web hook.",
        ],
        RuleError::Mail => [
            "有一个邮箱地址不对。最多 10 个，用逗号分开。",
            "One of the addresses for mail is none. At most 10, with commas between them.",
        ],
        RuleError::Hook => [
            "机器人需要一个以 https:// 开头的地址。",
            "The web hook needs an address that begins with https://.",
        ],
        RuleError::Secret => [
            "自己的程序需要一个至少 16 个字符的密钥。",
            "A program of yours needs a secret of at least 16 characters.",
        ],
        RuleError::Number => [
            "有一个数字太大或太小：无联系 10–1440 分钟，黑屏 30–1440 分钟，空间 16–100000 MiB，合并最多 3600 秒，每天 1–200 条。",
            "A number is too small or too large: 10 to 1440 minutes for silent, 30 to 1440 for dark, 16 to 100000 MiB, at most 3600 seconds, 1 to 200 messages.",
        ],
        RuleError::Hours => ["时段请写成 08:00-22:00。", "Write hours as 08:00-22:00."],
        RuleError::Host => [
            "请填写邮件服务器的主机名。",
            "Name the host of the mail server.",
        ],
        RuleError::Port => ["端口是 1 到 65535。", "A port is 1 to 65535."],
        RuleError::OpenPassword => [
            "有密码时连接必须加密。",
            "A password needs an encrypted way.",
        ],
    }
}

/// The language of messages of somebody who reads the console in this one.
pub(crate) const fn words_of(asker: &Asker) -> AlertWords {
    match asker.visitor.language {
        Language::Chinese => AlertWords::Chinese,
        Language::English => AlertWords::English,
    }
}

fn number_line(name: &'static str, label: &str, value: u32) -> Markup {
    let value = value.to_string();
    let line = Line {
        kind: "number",
        is_required: true,
        ..Line::text(name, label, &value)
    };
    line.markup()
}

/// The fields.
pub(crate) fn fields(asker: &Asker, known: &AlertSettings, groups: &[String]) -> Markup {
    let own = asker.actor.scope().screens.as_ref();
    let mut of_groups: Vec<(String, String)> = Vec::new();
    if own.is_none() {
        of_groups.push((
            String::new(),
            asker.say(["所有屏幕", "All screens"]).to_owned(),
        ));
    }
    let there = groups.iter().chain(known.group.iter());
    for group in there {
        if !of_groups.iter().any(|(value, _)| value == group) {
            of_groups.push((group.clone(), group.clone()));
        }
    }
    let mut hooks = vec![(String::new(), asker.say(["不用", "None"]).to_owned())];
    hooks.extend(HookKind::ALL.map(|kind| {
        (
            kind.word().to_owned(),
            asker.say(hook_words(kind)).to_owned(),
        )
    }));
    let mails = known.mails.join(", ");
    let hours = check::hours_text(known.dark_hours);
    let words =
        [("zh", "中文"), ("en", "English")].map(|(word, said)| (word.to_owned(), said.to_owned()));
    let kept = known
        .hook_host
        .as_ref()
        .map(|host| match asker.visitor.language {
            Language::Chinese => format!("现在是 {host}。留空就不变；要改的话地址和密钥都要填。"),
            Language::English => {
                format!("Now at {host}. Leave both empty to keep it; to change it, enter both.")
            }
        });
    let hook_hint = kept.unwrap_or_else(|| {
        let said = [
            "群机器人给的地址。会加密保存，之后不再显示。",
            "The address that the robot gave you. It is kept sealed and not shown again.",
        ];
        asker.say(said).to_owned()
    });
    html! {
        (Line { is_required: true, hint: Some(asker.say(["例如：地铁屏幕", "Such as: Metro screens"])), ..Line::text("name", asker.say(["名称", "Name"]), &known.name) }.markup())
        (choice("group", asker.say(["哪些屏幕", "Which screens"]), known.group.as_deref().unwrap_or(""), &of_groups))
        fieldset {
            legend { (asker.say(["提醒什么", "What it tells of"])) }
            @for kind in AlertKind::ALL {
                label.check {
                    input type="checkbox" name="kind" value=(kind.word()) checked[known.kinds.contains(&kind)];
                    span { (asker.say(kind_words(kind))) small { (asker.say(kind_means(kind))) } }
                }
            }
        }
        (Line { hint: Some(asker.say(["用逗号分开，最多 10 个", "With commas between them, at most 10"])), complete: "email", ..Line::text("mails", asker.say(["发邮件给", "Mail to"]), &mails) }.markup())
        (choice("hook", asker.say(["群机器人或程序", "Web hook"]), known.hook.map_or("", HookKind::word), &hooks))
        (Line { hint: Some(&hook_hint), ..Line::text("hook_url", asker.say(["它的地址", "Its address"]), "") }.markup())
        (Line { kind: "password", complete: "new-password", hint: Some(asker.say(["飞书和钉钉的「加签」密钥；企业微信和 Slack 不用", "What signs messages: of Feishu, DingTalk or your program; not for WeCom and Slack"])), ..Line::text("hook_secret", asker.say(["密钥", "Secret"]), "") }.markup())
        details {
            summary { (asker.say(["更多", "More"])) }
            (number_line("silent_minutes", asker.say(["多少分钟没有联系算无联系", "Silent after so many minutes"]), known.silent_minutes))
            (number_line("dark_minutes", asker.say(["多少分钟没有播放算黑屏", "Dark after so many minutes without a play"]), known.dark_minutes))
            (Line { hint: Some(asker.say(["例如 08:00-22:00；不填就是全天", "Such as 08:00-22:00; all day if empty"])), ..Line::text("dark_hours", asker.say(["只在这些时间看黑屏", "Hours in which dark counts"]), &hours) }.markup())
            (number_line("free_mib", asker.say(["剩余少于多少 MiB 算快满", "Nearly full below so many free MiB"]), known.free_mib))
            (number_line("gather_s", asker.say(["把多少秒内的变化合成一条", "Seconds for which changes are gathered into one message"]), known.gather_s))
            (number_line("messages_a_day", asker.say(["24 小时内最多几条", "Most messages in 24 hours"]), known.messages_a_day))
            (choice("words", asker.say(["消息的语言", "Language of messages"]), known.words.word(), &words))
        }
    }
}

/// Reads the fields. Returns the web hook if it is a new one.
pub(crate) fn read(
    fields: &Fields,
    known: Option<&AlertRule>,
) -> Result<(AlertSettings, Option<Hook>), RuleError> {
    let number = |name: &str| fields.get(name).trim().parse::<u32>();
    let number = |name: &str| number(name).map_err(|_| RuleError::Number);
    let words = match fields.get("words") {
        "zh" => AlertWords::Chinese,
        _ => AlertWords::English,
    };
    let mails = fields
        .get("mails")
        .split([',', '，', '、', ';', ' ', '\n'])
        .map(str::trim);
    let settings = AlertSettings {
        name: fields.get("name").to_owned(),
        group: group(fields.get("group")).map_err(|_| RuleError::Name)?,
        kinds: fields.all("kind").filter_map(AlertKind::of_word).collect(),
        silent_minutes: number("silent_minutes")?,
        dark_minutes: number("dark_minutes")?,
        dark_hours: check::hours(fields.get("dark_hours"))?,
        free_mib: number("free_mib")?,
        gather_s: number("gather_s")?,
        messages_a_day: number("messages_a_day")?,
        mails: mails
            .filter(|mail| !mail.is_empty())
            .take(check::MAILS_MAX + 1)
            .map(str::to_owned)
            .collect(),
        words,
        paused: fields.get("paused") == "yes",
        hook: None,
        hook_host: None,
    };
    let input = HookInput {
        kind: HookKind::of_word(fields.get("hook")),
        url: fields.get("hook_url"),
        secret: fields.get("hook_secret"),
    };
    check::with_hook(settings, input, known)
}
