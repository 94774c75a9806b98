//! The calls of people who follow a campaign, and of feed readers.

use passerby_protocol::http_call::HttpCall;

use crate::server::answered::{Answered, answered};
use crate::server::phones::{fan, feed, follow, redeem};

/// All of them.
pub(super) fn all() -> Vec<Answered> {
    vec![
        answered(
            HttpCall::get(
                "/s/{share}/follow",
                &[200, 302],
                "the ways to follow the campaign of a link; 302 to the link for whoever it does not belong to",
            ),
            follow::show,
        ),
        answered(
            HttpCall::post(
                "/s/{share}/follow",
                &[200, 302, 400, 422],
                "has the hub ask an address whether it wants the campaign's news: `mail`, `agree`, and `remember` for a \
                 cookie on this phone",
            ),
            follow::ask,
        ),
        answered(
            HttpCall::get(
                "/fan/{token}",
                &[200, 404],
                "somebody's own page: to confirm, then all that is kept for them and about them",
            ),
            fan::show,
        ),
        answered(
            HttpCall::get(
                "/fan/{token}/kept.json",
                &[200, 404],
                "all that is kept about them, as JSON",
            ),
            fan::kept,
        ),
        answered(
            HttpCall::post(
                "/fan/{token}/confirm",
                &[200, 404],
                "confirms that they follow; with `mine` the phone on which the address was typed is theirs",
            ),
            fan::confirm,
        ),
        answered(
            HttpCall::post(
                "/fan/{token}/leave",
                &[200, 404],
                "unsubscribes and erases them; also for one press in a mail program (RFC 8058)",
            ),
            fan::leave,
        ),
        answered(
            HttpCall::post(
                "/fan/{token}/remember",
                &[200, 404],
                "remembers them on the phone that asks, by one cookie",
            ),
            fan::remember,
        ),
        answered(
            HttpCall::post(
                "/fan/{token}/forget",
                &[200, 404],
                "ends that, and the cookie",
            ),
            fan::forget,
        ),
        answered(
            HttpCall::get(
                "/feed/{campaign}",
                &[200, 304, 404],
                "the news of a campaign that has a feed (Atom)",
            ),
            feed::show,
        ),
        answered(
            HttpCall::get("/redeem", &[200], "where a shop's staff redeems codes"),
            redeem::show,
        ),
        answered(
            HttpCall::post(
                "/redeem",
                &[200, 400, 422],
                "redeems one, once: `code`, and the campaign's `word`",
            ),
            redeem::redeem,
        ),
    ]
}
