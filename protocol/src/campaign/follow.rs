//! How people can follow a campaign beyond one visit, and what it keeps for those who do.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::campaign::Campaign;
use crate::campaign::link;
use crate::content_fault::RuleFault;
use crate::creative::CreativeKind;
use crate::file_names;
use crate::limits::{LINE_CHARS_MAX, STORY_CHARS_MAX};
use crate::toml_fields::Section;

/// The ways to follow a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// An account elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Whether the campaign's news may be had by mail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mail: bool,
    /// Whether there is a feed of its news.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub feed: bool,
    /// What it keeps for those who follow by mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_fans: Option<ForFans>,
}

/// An account elsewhere: with a link, a picture to press long, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What it is called.
    pub name: String,
    /// Where it is; `http` or `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// A picture of the folder, such as the account's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// What those who follow by mail get; at least one of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForFans {
    /// A few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// A page; `http` or `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// An offer, for which each of them gets a code that works once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// The offer's last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_until: Option<Date>,
}

impl Follow {
    pub(super) fn read(section: &Section<'_>, pictures: &[String]) -> Self {
        let on = |key| section.switch(key).is_some_and(|on| on.value);
        Self {
            account: section.table("account", |account| Account::read(account, pictures)),
            mail: on("mail"),
            feed: on("feed"),
            for_fans: section.table("for_fans", ForFans::read),
        }
    }

    /// Tells whether there is any way to follow.
    pub fn has_any(&self) -> bool {
        self.account.is_some() || self.mail || self.feed
    }
}

fn link_of(section: &Section<'_>) -> Option<String> {
    let accepted = "a link such as \"https://shop.example/fans\"";
    let link = section.parsed("link", accepted, link::target);
    link.map(|link| link.value)
}

impl Account {
    fn read(section: &Section<'_>, pictures: &[String]) -> Self {
        let name = section.text("name", LINE_CHARS_MAX, "a line of text");
        let is_missing = match &name {
            Some(name) => name.value.trim().is_empty(),
            None => !section.has("name"),
        };
        if is_missing {
            section.missing("name", "\"WeChat: our book shop\"");
        }
        let picture = section.text("picture", 255, "the name of a picture in this folder");
        if let Some(named) = &picture {
            if !is_picture(&named.value) {
                let picture = named.value.clone();
                section.problem(named, RuleFault::AccountPictureOfNoKind { picture });
            } else if !pictures
                .iter()
                .any(|there| file_names::is_same(there, &named.value))
            {
                let picture = named.value.clone();
                section.problem(named, RuleFault::AccountPictureMissing { picture });
            }
        }
        if !section.has("link") && picture.is_none() && !section.has("picture") {
            section.missing("link", "a link to it, or its code as a picture");
        }
        Self {
            name: name.map(|name| name.value).unwrap_or_default(),
            link: link_of(section),
            picture: picture.map(|named| file_names::normal_form(&named.value).into_owned()),
        }
    }
}

pub(super) fn is_picture(name: &str) -> bool {
    matches!(
        CreativeKind::of_name(name),
        Some(CreativeKind::Picture | CreativeKind::Drawing)
    )
}

impl ForFans {
    fn read(section: &Section<'_>) -> Self {
        let said = |text: String| Some(text).filter(|text| !text.trim().is_empty());
        let words = section.text("words", STORY_CHARS_MAX, "a text");
        let offer = section.text("offer", LINE_CHARS_MAX, "a line of text");
        Self {
            words: words.and_then(|words| said(words.value)),
            link: link_of(section),
            offer: offer.and_then(|offer| said(offer.value)),
            offer_until: section.date("offer_until").map(|day| day.value),
        }
    }
}

impl Campaign {
    /// The picture of the account elsewhere, by its name in the folder.
    pub fn account_picture(&self) -> Option<&str> {
        self.follow.as_ref()?.account.as_ref()?.picture.as_deref()
    }

    /// Tells whether a file is there for those who follow alone, and so does not air by itself.
    pub(super) fn is_account_picture(follow: Option<&Follow>, name: &str) -> bool {
        let account = follow.and_then(|follow| follow.account.as_ref());
        let picture = account.and_then(|account| account.picture.as_deref());
        picture.is_some_and(|picture| file_names::is_same(picture, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURES: [&str; 2] = ["a.png", "code.png"];

    fn parse(toml: &str) -> Result<Campaign, Vec<String>> {
        let pictures = PICTURES.map(str::to_owned);
        let toml = format!("title = 'x'\n{toml}");
        let parsed = Campaign::parse("campaign.toml", &toml, &pictures);
        parsed.map_err(|problems| problems.into_iter().map(|one| one.message).collect())
    }

    #[test]
    fn every_way_to_follow_is_read_and_the_accounts_code_does_not_air() {
        let campaign = parse(
            "landing = 'page'\n[follow]\nmail = true\nfeed = true\naccount = { name = 'WeChat', picture = 'code.png' }\n\
             [follow.for_fans]\nwords = 'Hello'\noffer = 'A tea'\noffer_until = 2026-12-24\n",
        )
        .expect("a campaign");
        assert_eq!(campaign.account_picture(), Some("code.png"));
        let airing: Vec<_> = campaign
            .placements
            .iter()
            .map(|one| &one.creative)
            .collect();
        assert_eq!(airing, ["a.png"]);
        assert_eq!(campaign.check_bounds(), Ok(()));
        let follow = campaign.follow.expect("ways to follow");
        assert!(follow.mail && follow.feed && follow.has_any());
        let fans = follow.for_fans.expect("something for fans");
        assert_eq!(fans.offer_until, Some(jiff::civil::date(2026, 12, 24)));
        assert!(!Follow::default().has_any());
    }

    #[test]
    fn an_account_needs_a_name_and_a_way_to_it() {
        for (toml, said) in [
            ("follow = { account = { name = 'x' } }", "a link to it"),
            (
                "follow = { account = { link = 'https://a.example' } }",
                "name",
            ),
            (
                "follow = { account = { name = 'x', link = 'javascript:x' } }",
                "link",
            ),
            (
                "follow = { account = { name = 'x', picture = 'b.png' } }",
                "missing",
            ),
            (
                "follow = { account = { name = 'x', picture = 'a.mp4' } }",
                "no picture",
            ),
            ("follow = { push = true }", "push"),
        ] {
            let problems = parse(toml).expect_err(toml);
            assert!(problems[0].contains(said), "{toml}: {problems:?}");
        }
    }

    #[test]
    fn what_nobody_would_see_of_it_is_told() {
        let said = |toml: &str| -> Vec<String> {
            let campaign = parse(toml).expect("a campaign");
            let unseen = campaign.unseen().into_iter();
            unseen.map(|unseen| unseen.message).collect()
        };
        let redirect = "target = 'https://a.example'\n[follow]\nmail = true\n";
        assert!(said(redirect)[0].contains("landing = \"page\""));
        let nobody = said("[follow]\nfeed = true\n[follow.for_fans]\nwords = 'x'\n");
        assert!(nobody[0].contains("mail = true"), "{nobody:?}");
        assert_eq!(said("[follow]\nmail = true\n"), Vec::<String>::new());
    }
}
