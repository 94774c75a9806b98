//! The calls about what became of shares, and the forms of their answers.

use crate::people::Right::SeeReports;
use crate::server::api::calls::chains;
use crate::server::api::route::{QueryField, Route, get};
use crate::server::api::schema::{Field, Form, Holds, field, maybe};
use crate::server::console::rule::Rule;

const OF_CHAINS: &[QueryField] = &[
    ("campaign", Holds::Text, "of this campaign"),
    ("screen", Holds::Whole, "that began at this screen"),
];

/// All of them.
pub(super) fn all() -> Vec<Route> {
    vec![
        get(
            "/report/chains",
            Rule::May(SeeReports),
            &[200, 400, 404, 422],
            "what became of the shares of a campaign, of a screen, or of both; one of them is named",
            "Chains",
            chains::show,
        )
        .with_query(OF_CHAINS, "?campaign=CAMPAIGN&screen=N"),
    ]
}

const REPRODUCTION: &[Field] = &[
    field("links", Holds::Whole, "links, each of one person"),
    field(
        "brought",
        Holds::Whole,
        "how many others got a link from them within seven days",
    ),
    field("value", Holds::Number, "how many that are by each"),
    field(
        "low",
        Holds::Number,
        "the lower end of its interval of 95 %",
    ),
    field("high", Holds::Number, "the upper end"),
    field(
        "until",
        Holds::Text,
        "the last day of UTC whose links have had seven days",
    ),
];

/// The forms.
pub(super) const FORMS: &[Form] = &[
    (
        "Chains",
        &[
            maybe("campaign", Holds::Text, "of which campaign"),
            maybe("title", Holds::Text, "its title"),
            maybe("screen", Holds::Whole, "begun at which screen"),
            maybe("screen_name", Holds::Text, "its name"),
            field("links", Holds::Whole, "links of scans, and of others"),
            field("shares", Holds::Whole, "links of others"),
            field("depth", Holds::Whole, "the highest generation"),
            field(
                "breadth",
                Holds::Whole,
                "the most links in one generation after the scans",
            ),
            field(
                "generations",
                Holds::Many("ChainGeneration"),
                "from the scans",
            ),
            maybe(
                "reproduction",
                Holds::One("Reproduction"),
                "how many others one person brings; missing while no link is seven days old",
            ),
            maybe(
                "by_sharer",
                Holds::One("Reproduction"),
                "the same of those who bring any",
            ),
            field(
                "after_scan",
                Holds::One("AfterScan"),
                "how long after the scan links were made",
            ),
            field(
                "places",
                Holds::Many("ChainPlace"),
                "where chains began, at most 20 screens, those with the most shares first",
            ),
            field(
                "shares_elsewhere",
                Holds::Whole,
                "shares that began at further screens",
            ),
            field("chains", Holds::Whole, "chains that somebody passed on"),
            field(
                "largest",
                Holds::Many("LargeChain"),
                "the largest of them, at most 20",
            ),
        ],
    ),
    ("Reproduction", REPRODUCTION),
    (
        "KindReport",
        &[
            field(
                "kind",
                Holds::Word(&["event", "fans", "combined"]),
                "which kind it is",
            ),
            maybe("burst", Holds::One("Burst"), "how much came at once"),
            maybe(
                "tail",
                Holds::One("Tail"),
                "what came after the last day; missing while it is not over",
            ),
            maybe("returning", Holds::One("Returning"), "who comes back"),
            maybe(
                "followers",
                Holds::One("Followers"),
                "who follows; missing where nobody can",
            ),
            maybe(
                "regeneration",
                Holds::One("Reproduction"),
                "how many new people one brings who brings any",
            ),
            maybe(
                "went_on",
                Holds::One("WentOn"),
                "what of the burst went on into the fans' phase",
            ),
        ],
    ),
    (
        "Burst",
        &[
            field("scans", Holds::Whole, "scans in the hour that had the most"),
            field(
                "hour",
                Holds::Text,
                "when that hour began, by the hub's calendar",
            ),
            field("day", Holds::Whole, "scans within 24 hours after the first"),
            field("two_days", Holds::Whole, "scans within 48 hours"),
            field(
                "of",
                Holds::Whole,
                "scans in all; of `combined` those before the fans' phase",
            ),
        ],
    ),
    (
        "Tail",
        &[
            field("last_day", Holds::Text, "the last day"),
            field("scans", Holds::Whole, "scans after it"),
            field("of", Holds::Whole, "scans in all"),
            field("readers", Holds::Whole, "pages opened after it"),
        ],
    ),
    (
        "Returning",
        &[
            field(
                "people",
                Holds::Whole,
                "people who scanned more than once on one day",
            ),
            field("of", Holds::Whole, "people who scanned, each once a day"),
            maybe("since", Holds::Text, "since when they are counted"),
        ],
    ),
    (
        "Followers",
        &[
            field("total", Holds::Whole, "who follows now"),
            field("new", Holds::Whole, "who came within thirty days"),
            field("gone", Holds::Whole, "who left within them"),
            field(
                "returned",
                Holds::Whole,
                "who follows and has come back to a screen",
            ),
        ],
    ),
    (
        "WentOn",
        &[
            field(
                "chains",
                Holds::Whole,
                "chains of the burst that were passed on in the fans' phase",
            ),
            field(
                "days",
                Holds::Whole,
                "days of the burst on which they began",
            ),
            field("of_days", Holds::Whole, "days of the burst"),
            field(
                "followed",
                Holds::Whole,
                "people who came to follow by chains of the burst",
            ),
            field("stayed", Holds::Whole, "those of them who follow still"),
        ],
    ),
    (
        "ChainGeneration",
        &[
            field("generation", Holds::Whole, "how often it was passed on"),
            field("links", Holds::Whole, "links"),
            field("brought", Holds::Whole, "links that others got from them"),
        ],
    ),
    (
        "AfterScan",
        &[
            field("hour", Holds::Whole, "within an hour"),
            field("day", Holds::Whole, "later, within a day"),
            field("week", Holds::Whole, "later, within seven days"),
            field("later", Holds::Whole, "later"),
        ],
    ),
    (
        "ChainPlace",
        &[
            field("screen", Holds::Whole, "its number"),
            maybe("name", Holds::Text, "its name"),
            field("scans", Holds::Whole, "links of scans there"),
            field("shares", Holds::Whole, "links that others got"),
            field("depth", Holds::Whole, "the highest generation"),
        ],
    ),
    (
        "LargeChain",
        &[
            field("screen", Holds::Whole, "where it began"),
            maybe("name", Holds::Text, "the name of that screen"),
            field("campaign", Holds::Text, "of which campaign"),
            field("began", Holds::Text, "when, RFC 3339"),
            field("links", Holds::Whole, "links that others got"),
            field("depth", Holds::Whole, "the highest generation"),
            field("newest", Holds::Text, "when the last one was made"),
            field(
                "nodes",
                Holds::Many("ChainNode"),
                "who passed it on, of the first five chains, at most 80 of each",
            ),
            field(
                "links_left_out",
                Holds::Whole,
                "links that others got from those that are not told",
            ),
        ],
    ),
    (
        "ChainNode",
        &[
            maybe(
                "above",
                Holds::Whole,
                "the place in the list of who passed it on to them",
            ),
            field("brought", Holds::Whole, "how many others they brought"),
        ],
    ),
];
