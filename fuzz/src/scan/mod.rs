//! What a stranger can ask of the hub: requests against its own router, database and keys, in
//! process.
//!
//! Invariants: no panic and no server error, whatever is asked; a page stays small; a redirect
//! leads to the campaign's target, with or without a click's id, to the hub itself or, from a
//! shop's own link, to the target's host; what depends on who asks is not stored on the way;
//! nothing that is not a minted token, opened with GET, is ever counted as a scan, and each at most
//! once a visitor.
//!
//! An input is a few requests, apart by an empty line, as text:
//!
//! ```text
//! GET /q/<token>
//! User-Agent: Mozilla/5.0 …
//! X-Forwarded-For: 192.0.2.1
//!
//! GET /s/{share}/go
//! peer: 192.0.2.9
//! body: …
//! ```
//!
//! `{share}` stands for the share link that was last redirected to, `{cafe}` and `{reading}` for
//! tokens of these campaigns minted just now, `{picture}` for a picture of a landing page, `peer`
//! for where the connection comes from (this machine, as from a proxy, unless told), `body` for the
//! rest of the line as a body. Each input meets the same hub, as it is before anybody has scanned.

mod judge;
mod request;
mod stand;

use std::cell::RefCell;

use crate::scan::judge::Judge;
use crate::scan::stand::Stand;

/// Most requests of one input.
const REQUESTS_MAX: usize = 6;

thread_local! {
    static STAND: RefCell<Stand> = RefCell::new(Stand::new());
}

/// Lends the hub that every target of this thread shares.
pub(crate) fn with_stand<T>(work: impl FnOnce(&Stand) -> T) -> T {
    STAND.with_borrow(work)
}

/// Asks the hub, and judges what it answers.
pub fn run(bytes: &[u8]) {
    with_stand(|stand| {
        let mut app = stand.fresh_hub();
        let mut judge = Judge::new(&stand.tokens, stand::today());
        let mut share = String::from("0000000000000000");
        for text in request::split(bytes).take(REQUESTS_MAX) {
            let places = [
                ("{share}", share.as_str()),
                ("{cafe}", stand.tokens[4].as_str()),
                ("{reading}", stand.tokens[5].as_str()),
                ("{picture}", stand.picture.as_str()),
            ];
            let Some(request) = request::read(text, &places) else {
                continue;
            };
            judge.asked(&request);
            let answer = stand.answer(&mut app, request);
            if let Some(name) = judge::answered(&answer) {
                share = name;
            }
        }
        if judge.must_count() {
            drop(app);
            judge.counted(stand.scans_total(), &stand::today());
        }
    });
}
