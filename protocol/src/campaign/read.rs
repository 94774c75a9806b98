//! Makes a campaign of what lies in its folder: bare pictures, or a `campaign.toml` beside them.
//!
//! Invariant: a value that was not understood is a problem with its line; what stands in its place
//! never airs.

use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::campaign::link;
use crate::campaign::terms::zone_name;
use crate::campaign::{
    Adaptive, Buyer, CREATIVE_ENDINGS, Campaign, Code, Colours, FILE_NAME, Follow, Kind, Landing,
    Link, Motion, Phase, Placement, PlacementTerms, Separation, TransitionKind, Voices, Words,
    is_creative,
};
use crate::condition::Condition;
use crate::content_fault::RuleFault;
use crate::daypart::Daypart;
use crate::file_names;
use crate::limits::{
    DAYPARTS_MAX, LINE_CHARS_MAX, PHASES_MAX, PLACEMENTS_MAX, SECONDS, STORY_CHARS_MAX, WEIGHT,
};
use crate::recurrence::Recurrence;
use crate::toml_fields::{Problem, Reader, Section};

impl Campaign {
    /// Makes a campaign of a bare folder of pictures.
    ///
    /// # Errors
    /// The folder holds no picture, or too many.
    pub fn of_pictures(
        folder: &str,
        title: &str,
        pictures: &[String],
    ) -> Result<Self, Vec<Problem>> {
        if pictures.is_empty() {
            let fault = RuleFault::NothingToAir {
                endings: CREATIVE_ENDINGS.to_owned(),
                file: FILE_NAME.to_owned(),
            };
            return Err(vec![Problem::with_file(folder, fault)]);
        }
        if pictures.len() > PLACEMENTS_MAX {
            let fault = RuleFault::TooManyPictures {
                count: pictures.len(),
                count_max: PLACEMENTS_MAX,
            };
            return Err(vec![Problem::with_file(folder, fault)]);
        }
        Ok(Self {
            title: title.chars().take(LINE_CHARS_MAX).collect(),
            kind: Kind::Event,
            target: None,
            link: Link::default(),
            landing: Landing::Redirect,
            share: None,
            story: None,
            button: None,
            words: Words::default(),
            voices: Voices::default(),
            headline: None,
            colours: Colours::default(),
            separation: Separation::default(),
            adaptive: None,
            buyer: None,
            follow: None,
            phases: Vec::new(),
            placements: pictures.iter().map(Placement::of).collect(),
        })
    }

    /// Reads a `campaign.toml`. `file` is its name for messages, `pictures` the names of the
    /// creatives that lie beside it; without any `[[placement]]` each of them airs in turn.
    ///
    /// # Errors
    /// Every problem at once, with line and accepted form.
    pub fn parse(file: &str, text: &str, pictures: &[String]) -> Result<Self, Vec<Problem>> {
        Self::parse_airing(file, text, pictures, pictures)
    }

    /// The same for a folder in which some files belong to others: without any `[[placement]]` only
    /// those of `airing` air, but a placement may name each of `creatives`.
    ///
    /// # Errors
    /// Every problem at once, with line and accepted form.
    pub fn parse_airing(
        file: &str,
        text: &str,
        creatives: &[String],
        airing: &[String],
    ) -> Result<Self, Vec<Problem>> {
        Reader::parse(file, text, |root| {
            let campaign = read_campaign(root, creatives, airing);
            let follow = campaign.follow.as_ref();
            let airing = airing.iter();
            let airing = airing.filter(|name| !Campaign::is_account_picture(follow, name));
            let there = airing.count();
            if campaign.placements.len() < there && !root.has("placement") {
                root.problem_here(RuleFault::ChoosePictures {
                    count: there,
                    count_max: PLACEMENTS_MAX,
                });
            }
            if campaign.placements.is_empty() {
                root.problem_here(RuleFault::NothingPlaced);
            }
            campaign
        })
    }
}

/// Goals of one phase, as they may be written.
pub(super) const GOAL: RangeInclusive<i64> = 1..=1_000_000_000;

pub(super) fn read_campaign(
    root: &Section<'_>,
    pictures: &[String],
    airing: &[String],
) -> Campaign {
    let line = |key| {
        root.text(key, LINE_CHARS_MAX, "a line of text")
            .map(|line| line.value)
    };
    let long = |key| {
        root.text(key, STORY_CHARS_MAX, "a text")
            .map(|text| text.value)
    };
    let title = line("title");
    // What is wrong with one that is there was said already.
    let is_missing = match &title {
        Some(title) => title.trim().is_empty(),
        None => !root.has("title"),
    };
    if is_missing {
        root.missing("title", "\"what it is called\"");
    }
    let kind = root.choice(
        "kind",
        &[
            ("event", Kind::Event),
            ("fans", Kind::Fans),
            ("combined", Kind::Combined),
        ],
    );
    let target = root
        .parsed(
            "target",
            "a link such as \"https://shop.example/book\"",
            link::target,
        )
        .map(|link| link.value);
    let landing = root
        .choice("landing", &Landing::WORDS)
        .map_or(Landing::Redirect, |landing| landing.value);
    let colours = Colours::read(root);
    let follow = root.table("follow", |section| Follow::read(section, pictures));
    let phases = root.tables("phase", PHASES_MAX, read_phase);
    let mut placements = root.tables("placement", PLACEMENTS_MAX, |section| {
        let placement = read_placement(section, pictures);
        check_terms(section, &placement, &phases);
        placement
    });
    if placements.is_empty() {
        placements = airing
            .iter()
            .filter(|name| !Campaign::is_account_picture(follow.as_ref(), name))
            .take(PLACEMENTS_MAX)
            .map(Placement::of)
            .collect();
    }
    Campaign {
        title: title.unwrap_or_default(),
        kind: kind.map_or(Kind::Event, |kind| kind.value),
        link: Link::read(root, target.as_deref()),
        target,
        landing,
        share: long("share"),
        story: long("story"),
        button: line("button"),
        words: Words::read(root),
        voices: Voices::read(root),
        headline: line("headline"),
        colours,
        separation: Separation::read(root),
        adaptive: Adaptive::read(root),
        buyer: root.table("buyer", Buyer::read),
        follow,
        phases,
        placements,
    }
}

/// What a placement may say about the campaign's phases, and must say about its end.
fn check_terms(section: &Section<'_>, placement: &Placement, phases: &[Phase]) {
    let terms = &placement.terms;
    let unknown = terms
        .phases
        .iter()
        .find(|name| phases.iter().all(|phase| phase.name != **name));
    if let (Some(unknown), Some(place)) = (unknown, section.placed("phases")) {
        let fault = RuleFault::PhaseMissing {
            phase: unknown.clone(),
            known: phases.iter().map(|phase| phase.name.clone()).collect(),
        };
        section.problem(&place, fault);
    }
    let ends = terms.trigger.is_some()
        || placement.is_dated()
        || (!phases.is_empty() && phases.iter().all(|phase| phase.until.is_some()));
    if let (Some(_), false, Some(place)) = (terms.takeover, ends, section.placed("takeover")) {
        section.problem(&place, RuleFault::TakeoverWithoutEnd);
    }
    if let (true, Some(_), Some(place)) =
        (placement.filler, terms.takeover, section.placed("takeover"))
    {
        section.problem(&place, RuleFault::TakeoverOfFiller);
    }
}

fn read_phase(section: &Section<'_>) -> Phase {
    let name = section.text("name", LINE_CHARS_MAX, "a line of text");
    if name.is_none() {
        section.missing("name", "\"launch\"");
    }
    let (from, until) = (section.date("from"), section.date("until"));
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value < from.value
    {
        let fault = RuleFault::PhaseEndsEarly {
            until: until.value,
            from: from.value,
        };
        section.problem(until, fault);
    }
    let goal = |key| {
        section
            .integer(key, GOAL)
            .and_then(|goal| u32::try_from(goal.value).ok())
    };
    Phase {
        name: name.map(|name| name.value).unwrap_or_default(),
        from: from.map(|date| date.value),
        until: until.map(|date| date.value),
        goal_plays: goal("goal_plays"),
        goal_scans: goal("goal_scans"),
        ends_on_goal: section
            .choice("ends_on", &[("date", false), ("goal", true)])
            .is_some_and(|ends| ends.value),
        landing: section
            .choice("landing", &Landing::WORDS)
            .map(|landing| landing.value),
    }
}

fn read_placement(section: &Section<'_>, pictures: &[String]) -> Placement {
    let creative = section.text("creative", 255, "the name of a picture in this folder");
    match &creative {
        None => section.missing("creative", "\"poster.jpg\""),
        Some(name) if !is_creative(&name.value) => {
            let fault = RuleFault::CreativeOfNoKind {
                creative: name.value.clone(),
                endings: CREATIVE_ENDINGS.to_owned(),
            };
            section.problem(name, fault);
        }
        Some(name)
            if !pictures
                .iter()
                .any(|there| file_names::is_same(there, &name.value)) =>
        {
            let fault = RuleFault::CreativeMissing {
                creative: name.value.clone(),
                there: pictures.to_vec(),
            };
            section.problem(name, fault);
        }
        Some(_) => {}
    }
    let code = section.table("code", Code::read);
    let number = |key, range| {
        section
            .integer(key, range)
            .and_then(|number| u32::try_from(number.value).ok())
    };
    Placement {
        creative: creative
            .map(|creative| file_names::normal_form(&creative.value).into_owned())
            .unwrap_or_default(),
        seconds: number("seconds", SECONDS),
        weight: number("weight", WEIGHT).unwrap_or(1),
        filler: section.switch("filler").is_some_and(|filler| filler.value),
        headline: section
            .text("headline", LINE_CHARS_MAX, "a line of text")
            .map(|line| line.value),
        dayparts: section
            .list(
                "dayparts",
                "days and hours such as \"mon-fri 07:00-10:00\"",
                Daypart::from_str,
            )
            .map(|dayparts| {
                section.at_most("dayparts", &dayparts, DAYPARTS_MAX);
                dayparts.value
            })
            .unwrap_or_default(),
        recurs: section.table("recurs", Recurrence::read).flatten(),
        when: section
            .parsed(
                "when",
                "a condition such as \"venue.tags.exists(t, t == 'metro')\"",
                Condition::parse,
            )
            .map(|when| when.value),
        code: code.unwrap_or_default(),
        zone: section
            .parsed("zone", "a zone's name such as \"main\"", zone_name)
            .map(|zone| zone.value),
        transition: section
            .choice("transition", &TransitionKind::WORDS)
            .map(|kind| kind.value)
            .unwrap_or_default(),
        motion: section
            .choice("motion", &Motion::WORDS)
            .map(|motion| motion.value)
            .unwrap_or_default(),
        sound: section.switch("sound").is_some_and(|sound| sound.value),
        terms: PlacementTerms::read(section),
    }
}
