//! Finds words that promise something for passing a link on. WeChat and others ban pages that do,
//! and nobody here is paid for telling a friend.
//!
//! The words are this project's own choice, made by hand; no list of others was copied. A promise
//! may well be worded otherwise: what is found is a hint to the publisher, and bars nothing.

use crate::campaign::Campaign;
use crate::campaign::unseen::Unseen;

/// What passing on is called, in small letters.
const PASSING_ON: [&str; 24] = [
    "分享",
    "转发",
    "转给",
    "邀请",
    "拉人",
    "助力",
    "集赞",
    "朋友圈",
    "告诉朋友",
    "share",
    "sharing",
    "repost",
    "retweet",
    "forward",
    "invite",
    "refer a",
    "refer your",
    "referral",
    "tag a friend",
    "tag your friend",
    "pass it on",
    "pass this on",
    "tell a friend",
    "tell your friend",
];
/// What is promised for it.
const REWARDS: [&str; 44] = [
    "领取",
    "免费领",
    "领红包",
    "红包",
    "抽奖",
    "奖品",
    "奖励",
    "有奖",
    "有礼",
    "好礼",
    "赠送",
    "赠品",
    "送你",
    "可得",
    "返现",
    "返利",
    "优惠券",
    "代金券",
    "折扣",
    "立减",
    "积分",
    "中奖",
    "解锁",
    "免单",
    "win ",
    "to win",
    "prize",
    "reward",
    "gift",
    "coupon",
    "voucher",
    "discount",
    "cashback",
    "cash back",
    "bonus",
    "free ",
    "for free",
    "% off",
    "unlock",
    "earn ",
    "points",
    "giveaway",
    "raffle",
    "lucky draw",
];
/// How far apart the two may stand to belong together, in characters.
const REACH_CHARS: usize = 40;

/// Finds what a text promises for passing it on: the two words.
pub(super) fn promised(text: &str) -> Option<(&'static str, &'static str)> {
    // Words end with a space, also before a full stop and at the end.
    let spaced = |c: char| match c {
        '%' => c,
        c if c.is_ascii_punctuation() => ' ',
        c => c,
    };
    let text = text.to_lowercase();
    let text: Vec<char> = text.chars().map(spaced).chain([' ']).collect();
    let places = |word: &str| -> Vec<usize> {
        let word: Vec<char> = word.chars().collect();
        let windows = text.windows(word.len()).enumerate();
        windows
            .filter_map(|(at, window)| (window == word).then_some(at))
            .collect()
    };
    for passing in PASSING_ON {
        for at in places(passing) {
            let reward = REWARDS.into_iter().find(|reward| {
                let near = |place: usize| place.abs_diff(at) <= REACH_CHARS;
                places(reward).into_iter().any(near)
            });
            if let Some(reward) = reward {
                return Some((passing, reward.trim()));
            }
        }
    }
    None
}

impl Campaign {
    /// Adds a hint for each text of the page, and each line on a screen, that promises something
    /// for passing it on.
    pub(super) fn add_rewards(&self, unseen: &mut Vec<Unseen>) {
        let mut look = |keys: &[&str], text: Option<&str>| {
            if let Some((passing, reward)) = text.and_then(promised) {
                unseen.push(Unseen {
                    keys: keys.iter().map(|&key| key.to_owned()).collect(),
                    message: format!(
                        "{} promises something for passing it on ({passing:?} beside {reward:?}); WeChat bans such pages, and nothing here is paid for telling a friend; leave the promise out",
                        keys.join(".")
                    ),
                    is_problem: false,
                });
            }
        };
        look(&["title"], Some(&self.title));
        look(&["story"], self.story.as_deref());
        look(&["button"], self.button.as_deref());
        look(&["share"], self.share.as_deref());
        look(&["headline"], self.headline.as_deref());
        for (language, words) in [("zh", &self.words.zh), ("en", &self.words.en)] {
            if let Some(words) = words {
                for (key, text, _) in words.each() {
                    look(&["words", language, key], text);
                }
            }
        }
        if let Some(fans) = self
            .follow
            .as_ref()
            .and_then(|follow| follow.for_fans.as_ref())
        {
            look(&["follow", "for_fans", "words"], fans.words.as_deref());
            look(&["follow", "for_fans", "offer"], fans.offer.as_deref());
        }
        for (at, placement) in self.placements.iter().enumerate() {
            let at = at.to_string();
            look(
                &["placement", &at, "headline"],
                placement.headline.as_deref(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_for_passing_on_is_found_in_both_languages_and_an_invitation_alone_is_none() {
        for promise in [
            "分享到朋友圈，免费领一杯咖啡",
            "转发有礼！",
            "邀请三位好友助力，红包等你",
            "Share this page and WIN a book",
            "Invite a friend: 20% off for both",
            "Get a coupon when you tell your friends",
        ] {
            assert!(promised(promise).is_some(), "{promise}");
        }
        for honest in [
            "路过地铁站，看到想读的书。",
            "喜欢就转给朋友。",
            "Like it? Pass it on.",
            "Share a table with strangers on Friday night, when the street closes and the band plays on until late. There is a gift shop.",
            "Free coffee on Friday",
            "本周五折扣日",
        ] {
            assert_eq!(promised(honest), None, "{honest}");
        }
    }

    #[test]
    fn the_checker_names_the_key_and_the_line_of_a_promise() {
        let toml = "title = 'x'\nlanding = 'page'\n[words.zh]\nshare = '转发领红包'\n[[placement]]\ncreative = 'a.png'\nheadline = 'Share it and win'\n";
        let campaign = Campaign::parse("c", toml, &["a.png".to_owned()]).expect("no problem");
        let told: Vec<_> = campaign
            .unseen()
            .into_iter()
            .map(|unseen| unseen.told("c", toml))
            .collect();
        assert_eq!([told[0].line, told[1].line], [4, 7]);
        assert!(
            told[0].message.starts_with("words.zh.share promises"),
            "{told:?}"
        );
    }
}
