//! The limits of a campaign that comes as JSON: those that its file had to keep when it was read as
//! TOML.
//!
//! Invariant: whatever [`Campaign::parse`] returns keeps them; what a hub that was changed, or that
//! is not ours, signs and does not keep them reaches no rotation and no screen.

use std::ops::RangeInclusive;

use crate::campaign::contents::{PASSWORD_CHARS, WIFI_NAME_BYTES_MAX};
use crate::campaign::follow::is_picture;
use crate::campaign::read::GOAL;
use crate::campaign::{
    Call, Campaign, Code, Contents, LinkForm, PageWords, Phase, Placement, domain, is_creative,
    language, link, zone_name,
};
use crate::limits::{
    APART_SECONDS, CALL_LANGUAGES_MAX, CAP_PLAYS, DAYPARTS_MAX, LINE_CHARS_MAX, PHASES_MAX,
    PLACEMENTS_MAX, SCREENS_MAX, SECONDS, SPACE_ID, STORY_CHARS_MAX, TRIGGER_SECONDS,
    UTM_CHARS_MAX, WEIGHT,
};

/// Hundredths of a percent.
const SHARE: RangeInclusive<i64> = 1..=10_000;
/// Longest name of a creative, in characters.
const CREATIVE_CHARS_MAX: usize = 255;

type Kept = Result<(), String>;

impl Campaign {
    /// Tells whether the campaign keeps every limit.
    ///
    /// # Errors
    /// The first one that it does not keep, in words.
    pub fn check_bounds(&self) -> Kept {
        text("title", Some(&self.title), LINE_CHARS_MAX)?;
        text("share", self.share.as_deref(), STORY_CHARS_MAX)?;
        text("story", self.story.as_deref(), STORY_CHARS_MAX)?;
        text("button", self.button.as_deref(), LINE_CHARS_MAX)?;
        text("headline", self.headline.as_deref(), LINE_CHARS_MAX)?;
        for (language, words) in [("zh", &self.words.zh), ("en", &self.words.en)] {
            for (key, said, chars_max) in words.iter().flat_map(PageWords::each) {
                text(&format!("words.{language}.{key}"), said, chars_max)?;
            }
        }
        let question = self.voices.question.as_deref();
        text("voices.question", question, LINE_CHARS_MAX)?;
        self.check_link()?;
        let apart = &self.separation;
        text("advertiser", apart.advertiser.as_deref(), LINE_CHARS_MAX)?;
        text("category", apart.category.as_deref(), LINE_CHARS_MAX)?;
        for (name, seconds) in [
            ("apart_seconds", apart.apart_s),
            ("rivals_apart_seconds", apart.rivals_apart_s),
        ] {
            number(
                name,
                Some(seconds).filter(|&seconds| seconds > 0),
                APART_SECONDS,
            )?;
        }
        if let Some(adaptive) = &self.adaptive
            && (adaptive.floor_percent > adaptive.ceiling_percent || adaptive.ceiling_percent > 100)
        {
            return Err("adaptive has a floor above its ceiling, or more than 100 percent".into());
        }
        self.check_buyer()?;
        self.check_follow()?;
        count("phases", self.phases.len(), 0..=PHASES_MAX)?;
        self.phases.iter().try_for_each(Phase::check_bounds)?;
        count("placements", self.placements.len(), 1..=PLACEMENTS_MAX)?;
        let mut placements = self.placements.iter().zip(1..);
        placements.try_for_each(|(placement, number)| {
            let kept = placement.check_bounds();
            kept.map_err(|wrong| format!("placement {number}: {wrong}"))
        })
    }

    fn check_link(&self) -> Kept {
        accepted("target", self.target.as_deref(), link::target)?;
        accepted("link.domain", self.link.domain.as_deref(), |host| {
            // A code carries it as it is.
            domain(host).and_then(|ascii| (ascii == host).then_some(()).ok_or("it is not in ASCII"))
        })?;
        accepted("link.click", self.link.click.as_deref(), link::click_name)?;
        if self.target.is_none() && self.link.form != LinkForm::Token {
            return Err("link.form needs a target".to_owned());
        }
        let Some(utm) = &self.link.utm else {
            return Ok(());
        };
        [&utm.source, &utm.medium, &utm.campaign, &utm.content]
            .into_iter()
            .try_for_each(|word| text("link.utm", word.as_deref(), UTM_CHARS_MAX))
    }

    fn check_follow(&self) -> Kept {
        let Some(follow) = &self.follow else {
            return Ok(());
        };
        if let Some(account) = &follow.account {
            text("follow.account.name", Some(&account.name), LINE_CHARS_MAX)?;
            accepted("follow.account.link", account.link.as_deref(), link::target)?;
            accepted(
                "follow.account.picture",
                account.picture.as_deref(),
                |name| {
                    let is_bounded = name.chars().count() <= CREATIVE_CHARS_MAX;
                    (is_bounded && is_picture(name) && !name.contains('/'))
                        .then_some(())
                        .ok_or("it is no picture")
                },
            )?;
        }
        if let Some(fans) = &follow.for_fans {
            text(
                "follow.for_fans.words",
                fans.words.as_deref(),
                STORY_CHARS_MAX,
            )?;
            text(
                "follow.for_fans.offer",
                fans.offer.as_deref(),
                LINE_CHARS_MAX,
            )?;
            accepted("follow.for_fans.link", fans.link.as_deref(), link::target)?;
        }
        Ok(())
    }

    fn check_buyer(&self) -> Kept {
        let Some(buyer) = &self.buyer else {
            return Ok(());
        };
        text("buyer.order", Some(&buyer.order), 256)?;
        text("buyer.line", buyer.line.as_deref(), 36)?;
        text("buyer.reference", buyer.reference.as_deref(), 64)?;
        text("buyer.creative", buyer.creative.as_deref(), 128)?;
        let numbers = [Some(buyer.buyer), Some(buyer.brand), buyer.agency];
        let mut numbers = numbers.into_iter();
        numbers.try_for_each(|known| number("a number of the buyer", known, SPACE_ID))
    }
}

impl Phase {
    fn check_bounds(&self) -> Kept {
        text("a phase's name", Some(&self.name), LINE_CHARS_MAX)?;
        number("goal_plays", self.goal_plays, GOAL)?;
        number("goal_scans", self.goal_scans, GOAL)?;
        match (self.from, self.until) {
            (Some(from), Some(until)) if until < from => {
                Err(format!("phase {:?} ends before it begins", self.name))
            }
            _ => Ok(()),
        }
    }
}

impl Placement {
    fn check_bounds(&self) -> Kept {
        text("creative", Some(&self.creative), CREATIVE_CHARS_MAX)?;
        if !is_creative(&self.creative) || self.creative.contains('/') {
            return Err("its creative is nothing that a screen can show".to_owned());
        }
        number("seconds", self.seconds, SECONDS)?;
        number("weight", Some(self.weight), WEIGHT)?;
        text("headline", self.headline.as_deref(), LINE_CHARS_MAX)?;
        count("dayparts", self.dayparts.len(), 0..=DAYPARTS_MAX)?;
        accepted("zone", self.zone.as_deref(), zone_name)?;
        let terms = &self.terms;
        number("share_percent", terms.share.map(u32::from), SHARE)?;
        number("per_hour", terms.per_hour, CAP_PLAYS)?;
        number("per_day", terms.per_day, CAP_PLAYS)?;
        accepted("sequence", terms.sequence.as_deref(), zone_name)?;
        for (name, list) in [("phases", &terms.phases), ("screens", &terms.screens)] {
            count(name, list.len(), 0..=SCREENS_MAX)?;
            list.iter()
                .try_for_each(|entry| text(name, Some(entry), LINE_CHARS_MAX))?;
        }
        if let Some(trigger) = &terms.trigger {
            accepted("trigger.name", Some(&trigger.name), zone_name)?;
            number("trigger.seconds", Some(trigger.seconds), TRIGGER_SECONDS)?;
        }
        self.code.check_bounds()
    }
}

impl Code {
    fn check_bounds(&self) -> Kept {
        match &self.call {
            None => {}
            Some(Call::Line(line)) => text("call", Some(line), LINE_CHARS_MAX)?,
            Some(Call::Languages(lines)) => {
                count("call", lines.len(), 0..=CALL_LANGUAGES_MAX)?;
                for (tag, line) in lines {
                    accepted("call", Some(tag), language)?;
                    text("call", Some(line), LINE_CHARS_MAX)?;
                }
            }
        }
        match &self.contents {
            None => Ok(()),
            Some(Contents::Wifi(wifi)) => {
                bytes("wifi.name", Some(&wifi.name), WIFI_NAME_BYTES_MAX)?;
                bytes(
                    "wifi.password",
                    wifi.password.as_deref(),
                    *PASSWORD_CHARS.end(),
                )
            }
            Some(Contents::Contact(contact)) => {
                text("contact.name", Some(&contact.name), LINE_CHARS_MAX)?;
                let organisation = contact.organisation.as_deref();
                text("contact.organisation", organisation, LINE_CHARS_MAX)?;
                text("contact.phone", contact.phone.as_deref(), LINE_CHARS_MAX)?;
                text("contact.email", contact.email.as_deref(), LINE_CHARS_MAX)?;
                accepted("contact.link", contact.link.as_deref(), link::target)
            }
            Some(Contents::Event(event)) => {
                text("event.title", Some(&event.title), LINE_CHARS_MAX)?;
                text("event.place", event.place.as_deref(), LINE_CHARS_MAX)
            }
        }
    }
}

fn text(name: &str, text: Option<&str>, chars_max: usize) -> Kept {
    match text.map(|text| text.chars().count()) {
        Some(length) if length > chars_max => Err(format!(
            "{name} has {length} characters, more than {chars_max}"
        )),
        _ => Ok(()),
    }
}

fn bytes(name: &str, text: Option<&str>, bytes_max: usize) -> Kept {
    match text.map(str::len) {
        Some(length) if length > bytes_max => {
            Err(format!("{name} has {length} bytes, more than {bytes_max}"))
        }
        _ => Ok(()),
    }
}

fn number(name: &str, number: Option<u32>, range: RangeInclusive<i64>) -> Kept {
    match number {
        Some(number) if !range.contains(&i64::from(number)) => Err(format!(
            "{name} is {number}, not from {} to {}",
            range.start(),
            range.end()
        )),
        _ => Ok(()),
    }
}

fn count(name: &str, count: usize, range: RangeInclusive<usize>) -> Kept {
    if range.contains(&count) {
        Ok(())
    } else {
        Err(format!(
            "it has {count} {name}, not {} to {}",
            range.start(),
            range.end()
        ))
    }
}

fn accepted<T, E: std::fmt::Display>(
    name: &str,
    text: Option<&str>,
    accept: impl Fn(&str) -> Result<T, E>,
) -> Kept {
    match text.map(accept) {
        Some(Err(wrong)) => Err(format!("{name}: {wrong}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A campaign that says as much as one can.
    const WHOLE: &str = r##"
        title = 'a'
        target = 'https://shop.example/book'
        share = 's'
        story = 't'
        button = 'b'
        words = { zh = { title = 'a', story = 's', button = 'b', share = 't', after = 'e' }, en = { story = 's' } }
        headline = 'h'
        advertiser = 'A'
        category = 'c'
        apart_seconds = 60
        rivals_apart_seconds = 60
        adaptive = { floor_percent = 5, ceiling_percent = 80, by = 'presses' }
        buyer = { order = 'o', line = 'l', buyer = 1, agency = 2, brand = 3, reference = 'r', creative = 'c' }
        link = { domain = 'go.shop.example', utm = { source = 'street' } }
        [follow]
        mail = true
        account = { name = 'n', link = 'https://a.example', picture = 'a.png' }
        for_fans = { words = 'w', link = 'https://a.example', offer = 'o' }
        [[phase]]
        name = 'p'
        from = 2026-12-01
        until = 2026-12-07
        goal_plays = 10
        goal_scans = 10
        [[placement]]
        creative = 'a.png'
        seconds = 10
        weight = 3
        headline = 'x'
        dayparts = ['mon-fri 07:00-10:00']
        zone = 'side'
        per_hour = 3
        per_day = 9
        sequence = 's'
        phases = ['p']
        screens = ['#metro']
        trigger = { name = 'button', seconds = 60 }
        code = { call = { zh = '扫', en = 'scan' }, wifi = { name = 'w', password = '12345678' } }
        [[placement]]
        creative = 'a.png'
        share_percent = 5
        code = { call = 'scan', contact = { name = 'n', link = 'https://shop.example' } }
    "##;

    fn whole() -> Value {
        let campaign = Campaign::parse("campaign.toml", WHOLE, &["a.png".to_owned()]);
        let campaign = campaign.unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(campaign.check_bounds(), Ok(()));
        serde_json::to_value(campaign).expect("JSON")
    }

    #[test]
    fn each_limit_of_the_file_holds_for_json_too() {
        let long = |length: usize| json!("x".repeat(length));
        for (at, value) in [
            ("/title", long(81)),
            ("/share", long(2_001)),
            ("/story", long(2_001)),
            ("/button", long(81)),
            ("/words/zh/title", long(81)),
            ("/words/zh/after", long(2_001)),
            ("/words/en/story", long(2_001)),
            ("/headline", long(81)),
            ("/advertiser", long(81)),
            ("/category", long(81)),
            ("/apart_s", json!(86_401)),
            ("/rivals_apart_s", json!(86_401)),
            ("/adaptive/floor_percent", json!(81)),
            ("/adaptive/ceiling_percent", json!(101)),
            ("/buyer/order", long(257)),
            ("/buyer/line", long(37)),
            ("/buyer/brand", json!(0)),
            ("/buyer/agency", json!(4_000_000_000u32)),
            ("/follow/account/name", long(81)),
            ("/follow/account/link", json!("javascript:x")),
            ("/follow/account/picture", json!("../../a.png")),
            ("/follow/for_fans/words", long(2_001)),
            ("/follow/for_fans/offer", long(81)),
            ("/follow/for_fans/link", json!("file:///etc/passwd")),
            ("/target", json!("file:///etc/passwd")),
            (
                "/target",
                json!(format!("https://a.example/{}", "x".repeat(300))),
            ),
            ("/target", json!("https://a.example/\r\nSet-Cookie: x")),
            ("/link/domain", json!("evil.example/path")),
            ("/link/utm/source", long(61)),
            ("/phases/0/name", long(81)),
            ("/phases/0/goal_plays", json!(0)),
            ("/phases/0/goal_scans", json!(1_000_000_001u32)),
            ("/phases/0/until", json!("2026-11-30")),
            ("/phases", json!(vec![whole()["phases"][0].clone(); 101])),
            ("/placements", json!([])),
            (
                "/placements",
                json!(vec![whole()["placements"][0].clone(); 1_001]),
            ),
            ("/placements/0/creative", json!("../../a.png")),
            ("/placements/0/creative", json!("a.exe")),
            (
                "/placements/0/creative",
                json!(format!("{}.png", "a".repeat(252))),
            ),
            ("/placements/0/seconds", json!(1)),
            ("/placements/0/seconds", json!(3_601)),
            ("/placements/0/weight", json!(0)),
            ("/placements/0/weight", json!(u32::MAX)),
            ("/placements/0/headline", long(81)),
            (
                "/placements/0/dayparts",
                json!(vec!["mon 07:00-10:00"; 101]),
            ),
            ("/placements/0/zone", json!("../x")),
            ("/placements/0/per_hour", json!(0)),
            ("/placements/0/per_day", json!(100_001)),
            ("/placements/0/sequence", json!("A B")),
            ("/placements/0/phases", json!(vec!["p"; 1_001])),
            ("/placements/0/screens/0", long(81)),
            ("/placements/0/trigger/name", json!("Button!")),
            ("/placements/0/trigger/seconds", json!(86_401)),
            ("/placements/0/code/call/zh", long(81)),
            ("/placements/0/code/call", json!({ "Klingon": "x" })),
            ("/placements/0/code/contents/wifi/name", long(33)),
            ("/placements/0/code/contents/wifi/password", long(64)),
            ("/placements/1/share", json!(10_001)),
            (
                "/placements/1/code/contents/contact/link",
                json!("javascript:x"),
            ),
        ] {
            let mut changed = whole();
            let shown = value.to_string();
            let field = changed.pointer_mut(at);
            *field.unwrap_or_else(|| panic!("there is no {at}")) = value;
            // What is no campaign any more is refused even earlier.
            let Ok(campaign) = serde_json::from_value::<Campaign>(changed) else {
                continue;
            };
            let refused = campaign.check_bounds();
            assert!(refused.is_err(), "{at} may be {shown:.80}");
            assert!(refused.is_err_and(|wrong| wrong.len() < 500), "{at}");
        }
    }
}
