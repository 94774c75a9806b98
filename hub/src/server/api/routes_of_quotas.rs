//! The calls about quotas.

use crate::people::Right::ChangeScreens;
use crate::server::api::calls::quotas;
use crate::server::api::route::{PAGES, Route, get, post};
use crate::server::api::schema::{Form, Holds, field, maybe};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    vec![
        get(
            "/quotas",
            Rule::May(ChangeScreens),
            &[200, 422],
            "how much the files of people, of slots and of the hub may take, and how much they do",
            "Quotas",
            quotas::list,
        )
        .with_query(&PAGES, "?after=SUBJECT&limit=N"),
        post(
            "/quotas",
            ChangeScreens,
            &[200, 400, 404, 422],
            "sets how much there may be of one of them; a bound that is left out is none",
            (Some("QuotaSetting"), "Quotas"),
            quotas::set,
        ),
    ]
}

/// Their forms.
pub(super) const FORMS: &[Form] = &[
    (
        "Quotas",
        &[
            field(
                "quotas",
                Holds::Many("Quota"),
                "the hub, everybody, people by name, slots with the newest first; of what was set, that",
            ),
            maybe(
                "next",
                Holds::Text,
                "where the next page begins, as `after`",
            ),
        ],
    ),
    (
        "Quota",
        &[
            field("subject", Holds::Text, "hub, everybody, person:N or slot:N"),
            field("name", Holds::Text, "what people call it; may be empty"),
            maybe("bytes_max", Holds::Whole, "most bytes"),
            maybe("files_max", Holds::Whole, "most files"),
            field(
                "of_everybody",
                Holds::Truth,
                "whether a person has no bound of their own",
            ),
            field(
                "bytes",
                Holds::Whole,
                "bytes that are there, each file once",
            ),
            field("files", Holds::Whole, "files that are there"),
        ],
    ),
    (
        "QuotaSetting",
        &[
            field("subject", Holds::Text, "hub, everybody, person:N or slot:N"),
            maybe("bytes_max", Holds::Whole, "most bytes"),
            maybe("files_max", Holds::Whole, "most files"),
            maybe(
                "as_everybody",
                Holds::Truth,
                "has a person have the bounds of everybody again",
            ),
        ],
    ),
];
