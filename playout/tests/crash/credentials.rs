//! Credentials, manifests and whatever else is written as a whole or not at all.

use passerby_playout::identity::credentials::Enrolment;
use passerby_testing::seeds;

use crate::disk::Lies;
use crate::points::{Cut, Verdict, choose, judge};
use crate::trace::Deed;
use crate::writing::{Written, points};

/// The last number after a word of the writer's.
fn last(deeds: &[Deed], word: &str) -> u64 {
    let number = |deed: &Deed| match deed {
        Deed::Say(line) => line.strip_prefix(word)?.trim().parse().ok(),
        _ => None,
    };
    deeds.iter().rev().find_map(number).unwrap_or(0)
}

fn holds(cut: &Cut<'_>) -> Result<(), String> {
    let kept = Enrolment::load(&cut.folder.join("data")).map_err(|error| error.to_string())?;
    let at = kept.map_or(0, |kept| {
        let name = kept.hub.trim_start_matches("https://hub-");
        let digits = name.split('.').next().unwrap_or_default();
        digits.parse().expect("a number")
    });
    let (saved, saving) = (last(cut.deeds, "saved "), last(cut.deeds, "saving "));
    let holds = (saved..=saving).contains(&at);
    holds
        .then_some(())
        .ok_or(format!("{at} is there, not {saved} to {saving}"))
}

fn cut_everywhere(written: &Written, count: usize, seed: u64, lies: Lies) -> Verdict {
    let points = choose(&written.deeds, count, seed);
    judge(
        written.root.path(),
        &written.found,
        &written.deeds,
        &points,
        lies,
        holds,
    )
}

#[test]
fn credentials_are_the_old_or_the_new_ones_whenever_the_power_goes() {
    seeds(file!()).each(|seed| {
        let written = Written::after(|_| ()).run("credentials", &["15"], &[]);
        let verdict = cut_everywhere(&written, points() / 2, seed, Lies::Never);
        println!("{}: {} power cuts", written.counts(), verdict.points);
        assert_eq!(verdict.findings, [""; 0]);
        for lies in [Lies::AboutFiles, Lies::AboutNames] {
            let verdict = cut_everywhere(&written, 200, seed, lies);
            assert!(!verdict.findings.is_empty(), "{lies:?}");
        }
    });
}
