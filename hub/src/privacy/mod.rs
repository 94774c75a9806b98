//! What is kept of people, for what, on what ground and for how long: one list, of which the
//! privacy pages, the record of processing and the documents are made.
//!
//! Whoever keeps something more of people adds an entry to [`PROCESSINGS`], and the same words to
//! `docs/privacy.md` and `docs/privacy.zh-CN.md`; a test holds the three together.
//!
//! Invariant: a page names what its campaign really uses, and nothing else.

mod record;

use passerby_protocol::Campaign;
use passerby_protocol::campaign::TakenVoices;

pub use crate::privacy::record::{Record, RecordLine};

/// Words in Chinese and in English.
pub type Words = [&'static str; 2];

/// One thing that is kept of people.
#[derive(Debug, Clone, Copy)]
pub struct Processing {
    /// What programs call it.
    pub id: &'static str,
    /// What is kept.
    pub what: Words,
    /// What for.
    pub purpose: Words,
    /// On what ground.
    pub ground: Words,
    /// For how long.
    pub kept: Words,
    /// How somebody has it erased.
    pub erased: Words,
    /// In which tables of the database.
    pub tables: &'static [&'static str],
    /// Whether a campaign uses it.
    pub is_of: fn(&Campaign) -> bool,
}

/// All of them.
pub const PROCESSINGS: &[Processing] = &[
    Processing {
        id: "counting",
        what: [
            "谁打开了码和页面、是否看到、是否点了按钮：只记当天的代号，不记 IP 地址，没有 Cookie",
            "openings of codes and pages, whether they were seen, presses of the button: under a pseudonym of the day, without an address and without a cookie",
        ],
        purpose: [
            "统计，并让同一个人一天只算一次",
            "figures in which nobody counts twice a day",
        ],
        ground: [
            "合理的统计需要；没有什么能说出是谁",
            "the need for figures; nothing of it says who somebody is",
        ],
        kept: [
            "代号的盐两天后忘掉，之后谁也认不出代号是谁",
            "the pseudonym's salt is forgotten after two days, and then nobody can tell whose it was",
        ],
        erased: ["过两天自己就没有了", "by itself, after these two days"],
        tables: &["salts", "scans", "shares", "visits"],
        is_of: |_| true,
    },
    Processing {
        id: "conversions",
        what: [
            "点击编号：为一次点击生成的 128 位随机数；店铺回报的订单编号、种类、金额和时间",
            "a click id, 128 random bits for one press of the button, and what the shop reports of it: its order's number, kind, value and time",
        ],
        purpose: ["知道活动带来了什么", "to know what a campaign brings"],
        ground: [
            "合理的统计需要；没有什么能说出是谁",
            "the need for figures; nothing of it says who somebody is",
        ],
        kept: [
            "直到运营者清理那些天的数据；两天后谁也认不出是谁点的",
            "until whoever runs the hub prunes those days; whose press it was nobody can tell after two days",
        ],
        erased: [
            "不必：两天后没有什么通向任何人",
            "by itself: after two days nothing of it leads to anybody",
        ],
        tables: &["clicks", "conversions", "conversion_refunds"],
        is_of: |campaign| campaign.opens_page() && campaign.link.click_name().is_some(),
    },
    Processing {
        id: "moments",
        what: [
            "转发时写的一句话和名字，都可以不写",
            "a sentence and a name that somebody types to pass the page on, both as they like",
        ],
        purpose: [
            "给打开他们链接的人看：页面、预览和卡片",
            "to show it to whoever opens their link, on the page, its preview and the card",
        ],
        ground: [
            "本人勾选同意；同意的时间一起保存",
            "they ticked that they agree; the time is kept with it",
        ],
        kept: [
            "90 天，到期后一小时内删除",
            "90 days; then it is deleted within the hour",
        ],
        erased: [
            "在卡片页面按一下，或用那里的私人链接",
            "by one press on the page of the card, or by the private link there",
        ],
        tables: &["moments", "moment_postcards"],
        is_of: |campaign| campaign.opens_page(),
    },
    Processing {
        id: "voices",
        what: [
            "对发布者说的一句话，愿意的话还有名字和图片；图片里手机写的信息不保存",
            "a sentence to the publisher, and a name and a picture as they like; what the phone wrote into the picture is not kept",
        ],
        purpose: [
            "给发布者阅读和回复；本人同意的，可以放到屏幕上",
            "for the publisher to read and answer; on the screen only if its writer agreed to that",
        ],
        ground: [
            "本人勾选同意；同意的文字版本和时间一起保存",
            "they ticked that they agree; the version of the words and the time are kept with it",
        ],
        kept: [
            "180 天，到期后一小时内删除；写的人当天的代号保存两天",
            "180 days, then it is deleted within the hour; its writer's pseudonym of the day for two days",
        ],
        erased: [
            "用写完后得到的链接，按一下",
            "by one press at the link that they got for it",
        ],
        tables: &[
            "voices",
            "voice_words",
            "voice_pictures",
            "voice_answers",
            "voice_blocks",
        ],
        is_of: |campaign| campaign.voices.take != TakenVoices::Nothing,
    },
    Processing {
        id: "followers",
        what: [
            "邮箱地址（加密）、语言、关注的活动、当时的屏幕、那次扫码和链接；来过几次、上次什么时候；优惠码，以及什么时候用的",
            "an address for mail, sealed; the language, the campaign, the screen, the scan and the link with which they began; how often they were here, and when last; a code for an offer, and when it was used",
        ],
        purpose: [
            "发这个活动的消息，给他们活动为关注者准备的东西",
            "to send them the campaign's news, and to give them what it keeps for those who follow",
        ],
        ground: [
            "本人勾选同意，并且打开只有邮箱里才有的链接按下确认；同意的文字版本和两个时间一起保存",
            "they ticked that they agree, and confirmed it by a press behind a link that only their mail has; the version of the words and both times are kept with it",
        ],
        kept: [
            "直到退订，或者两年没有音讯；没有确认的 48 小时；到期后一小时内删除",
            "until they unsubscribe, or two years without a sign of them; 48 hours where nobody confirms",
        ],
        erased: [
            "邮件里或自己的页面上按一下；或由运营 hub 的人按地址删除",
            "by one press in any mail or on their own page, or by whoever runs the hub, by the address",
        ],
        tables: &["followers", "follow_attempts", "follow_mails", "fan_offers"],
        is_of: |campaign| campaign.follow.as_ref().is_some_and(|follow| follow.mail),
    },
    Processing {
        id: "phones",
        what: [
            "手机上本站的一个 Cookie，128 位随机数；数据库里只有它的带密钥哈希",
            "one cookie of this host on a phone, 128 random bits, of which the database has a keyed hash",
        ],
        purpose: [
            "关注的人下次扫码时认得他们，并算作来过一次",
            "to greet whoever follows at their next scan, and to count it as a visit of theirs",
        ],
        ground: [
            "本人勾选，或在自己的页面上按下；那里写明了这个 Cookie",
            "they ticked it, or pressed it on their own page, where the cookie is named",
        ],
        kept: ["最多 400 天", "400 days at most"],
        erased: [
            "在认出他们的页面或自己的页面上按一下",
            "by one press on a page that greets them, or on their own",
        ],
        tables: &["followers"],
        is_of: |campaign| campaign.follow.as_ref().is_some_and(|follow| follow.mail),
    },
];

/// Those that a campaign uses; all that there are without one.
pub fn of(campaign: Option<&Campaign>) -> impl Iterator<Item = &'static Processing> {
    PROCESSINGS
        .iter()
        .filter(move |processing| campaign.is_none_or(|campaign| (processing.is_of)(campaign)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn campaign(toml: &str) -> Campaign {
        Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap()
    }

    fn ids(toml: &str) -> Vec<&'static str> {
        let campaign = campaign(toml);
        of(Some(&campaign))
            .map(|processing| processing.id)
            .collect()
    }

    #[test]
    fn a_page_names_what_its_campaign_uses_and_nothing_else() {
        let target = "title = 'x'\ntarget = 'https://shop.example/'\n";
        assert_eq!(ids(target), ["counting"]);
        let page = format!("{target}landing = 'page'\n");
        assert_eq!(ids(&page), ["counting", "conversions", "moments"]);
        let without = format!("{page}link = {{ click = '' }}\n");
        assert_eq!(ids(&without), ["counting", "moments"]);
        let voices = format!("{without}[voices]\ntake = 'words'\n");
        assert_eq!(ids(&voices), ["counting", "moments", "voices"]);
        let mail = format!("{without}[follow]\nmail = true\n");
        assert_eq!(ids(&mail), ["counting", "moments", "followers", "phones"]);
        assert_eq!(of(None).count(), PROCESSINGS.len());
    }

    #[test]
    fn the_documents_say_of_each_what_the_list_says() {
        let documents = [
            include_str!("../../../docs/privacy.zh-CN.md"),
            include_str!("../../../docs/privacy.md"),
        ];
        let mut missing = Vec::new();
        for (language, document) in documents.iter().enumerate() {
            let document = document.split_whitespace().collect::<Vec<_>>().join(" ");
            for processing in PROCESSINGS {
                let words = [
                    processing.what,
                    processing.purpose,
                    processing.ground,
                    processing.kept,
                    processing.erased,
                ];
                let words = words.map(|words| words[language]);
                let tables = processing.tables.iter().map(|table| format!("`{table}`"));
                let said = words.map(str::to_owned).into_iter().chain(tables);
                missing.extend(
                    said.filter(|said| !document.contains(said.as_str()))
                        .map(|said| format!("{} in {language}: {said}", processing.id)),
                );
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }

    #[test]
    fn each_has_a_name_of_its_own_and_tables_that_there_are() {
        let ids: BTreeSet<_> = PROCESSINGS.iter().map(|one| one.id).collect();
        assert_eq!(ids.len(), PROCESSINGS.len());
        let known = crate::store::copying::tables::TABLES;
        for table in PROCESSINGS.iter().flat_map(|one| one.tables) {
            assert!(known.iter().any(|known| known.name == *table), "{table}");
        }
    }
}
