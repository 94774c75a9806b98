//! Every call that the hub answers, once: what the reference says of it, and who answers it. The
//! router is made of these.

use passerby_protocol::http_call::{HttpCall, HttpChapter};

use crate::server::answered::{Answered, answered};
use crate::server::api;
use crate::server::calls_of_followers;
use crate::server::console;
use crate::server::phones::{bought, film, moment, moment_page, note, privacy, scan, share, voice};
use crate::server::publishers::{conversions, items};
use crate::server::terminals::turns::TURNS_MAX;
use crate::server::terminals::{
    blob, changes, enroll, frame, heartbeat, key, manifest, manifest_keys, plays, tallies,
};
use crate::sources::hook::HOOK_ITEMS_MAX;

/// What all paths of terminals begin with.
pub(super) const TERMINALS_BASE: &str = "/v1";

/// The calls that need no bearer.
pub(super) fn of_strangers() -> Vec<Answered> {
    vec![answered(
        HttpCall::post(
            "/enroll",
            &[200, 202, 400, 401, 409, 410, 429],
            "enrols a terminal, with a pairing code or an enrolment token; needs no bearer",
        ),
        enroll::enroll,
    )]
}

/// The calls of terminals.
pub(super) fn of_terminals() -> Vec<Answered> {
    vec![
        answered(
            HttpCall::post(
                "/terminals/{screen}/heartbeat",
                &[200, 400],
                "says how the terminal is; hears the time, and which manifest and key there are",
            ),
            heartbeat::heartbeat,
        ),
        answered(
            HttpCall::post(
                "/terminals/{screen}/key",
                &[200],
                "fetches the key with which the screen should mint",
            ),
            key::key,
        ),
        answered(
            HttpCall::get(
                "/terminals/{screen}/manifest",
                &[200, 304],
                "what the screen should air, signed",
            ),
            manifest::manifest,
        ),
        answered(
            HttpCall::get(
                "/terminals/{screen}/manifest-keys",
                &[200, 400],
                "endorsements of newer manifest keys",
            )
            .with_query("?after=GENERATION"),
            manifest_keys::manifest_keys,
        ),
        answered(
            HttpCall::get(
                "/blobs/{sha256}",
                &[200, 206, 404, 416],
                "a creative, whole or in part, for screens whose manifests ever named it",
            ),
            blob::blob,
        ),
        answered(
            HttpCall::post(
                "/terminals/{screen}/plays",
                &[200, 400, 409, 413, 422],
                "a batch of plays",
            ),
            plays::plays,
        ),
        answered(
            HttpCall::get(
                "/terminals/{screen}/tallies",
                &[200, 400],
                "how often the screen's plays were scanned",
            )
            .with_query("?zone=ZONE"),
            tallies::tallies,
        ),
        answered(
            HttpCall::put(
                "/terminals/{screen}/frame",
                &[200, 400, 413, 415],
                "a small picture of what was on the screen, as a JPEG, in the place of the last one",
            )
            .with_query("?age_ms=MS&width=PX&height=PX&play=N&campaign=NAME&creative=NAME"),
            frame::frame,
        ),
    ]
}

/// The calls of terminals whose answers may be held back.
pub(super) fn of_waiting_terminals() -> Vec<Answered> {
    vec![answered(
        HttpCall::post(
            "/terminals/{screen}/changes",
            &[200, 400],
            "says how the terminal is and what it holds; hears what there is for its screen as soon as that is something else",
        ),
        changes::changes,
    )]
}

/// The calls of publishers' programs.
pub(super) fn of_publishers() -> Vec<Answered> {
    vec![
        answered(
            HttpCall::post(
                "/conversions",
                &[200, 201, 400, 401, 408, 409, 413, 422, 429],
                "reports what somebody bought or signed up for, with a key of the campaign: 201 new, 200 the same again, \
                 409 the same id with something else; of a list 200 with the status of each",
            ),
            conversions::conversions,
        ),
        answered(
            HttpCall::post(
                "/sources/{source}/items",
                &[200, 201, 400, 401, 408, 413, 422, 429],
                "brings items of a source of the kind hook, as `passerby-hub source add NAME --hook` makes it: 201 some are \
             new or say something else, 200 all are known",
            ),
            items::items,
        ),
    ]
}

/// The calls of phones.
pub(super) fn of_phones() -> Vec<Answered> {
    const SCAN_STATUSES: &[u16] = &[302, 200, 404, 410];
    let mut calls = vec![
        answered(
            HttpCall::get("/", &[200], "a page that says what this is"),
            note::home,
        ),
        answered(
            HttpCall::get(
                "/q/{token}",
                SCAN_STATUSES,
                "a scan: 302 to the target or to `/s/SHARE`; 200 the page itself for what is no person, 404 no code, \
                 410 one that is too old",
            ),
            scan::scan,
        ),
        answered(
            HttpCall::get("/Q/{token}", SCAN_STATUSES, "the same, as codes have it"),
            scan::scan,
        ),
        answered(
            HttpCall::get(
                "/s/{share}",
                &[200, 302, 404],
                "the landing page under the visitor's own link, or 302 to that link",
            ),
            share::open,
        ),
        answered(
            HttpCall::get(
                "/s/{share}/go",
                &[302, 404],
                "a press of the button: 302 to the target",
            ),
            share::press,
        ),
        answered(
            HttpCall::get(
                "/s/{share}/moment",
                &[200, 302],
                "where whoever the link belongs to passes it on with words and a card, which `k` of the form in which they were typed shows; 302 to the link for all others",
            ),
            moment::show,
        ),
        answered(
            HttpCall::post(
                "/s/{share}/moment",
                &[303, 302, 400, 409, 422],
                "keeps what they typed and agreed to: `sentence`, `name`, `agree`, and `k` of the page; 409 there are words of another form",
            ),
            moment::keep,
        ),
        answered(
            HttpCall::get(
                "/s/{share}/card.jpg",
                &[200, 404, 503],
                "the card of a moment that was passed on",
            ),
            moment::card,
        ),
        answered(
            HttpCall::get(
                "/s/{share}/mine",
                &[200, 404],
                "all that is kept of what somebody typed, by their private link",
            )
            .with_query("?k=SECRET"),
            moment::mine,
        ),
        answered(
            HttpCall::post(
                "/s/{share}/erase",
                &[200, 303, 302, 400],
                "erases it, with `k` of the form in which it was typed or of the private link; 303 to its page where that is of another form",
            ),
            moment::erase,
        ),
        answered(
            HttpCall::post(
                "/s/{share}/report",
                &[200],
                "tells the publisher that a sentence should not be there",
            ),
            moment::report,
        ),
        answered(
            HttpCall::get(
                "/s/{share}/voice",
                &[200, 302],
                "where whoever the link belongs to says something to the publisher, and with `k` sees what they said; 302 to the link for all others",
            ),
            voice::show,
        ),
        answered(
            HttpCall::get(
                "/v/{link}",
                &[200, 404],
                "what became of a voice, by its writer's own link: what is kept of it, and the answer",
            ),
            voice::mine,
        ),
        answered(
            HttpCall::get("/v/{link}/picture.jpg", &[200, 404], "its picture"),
            voice::picture,
        ),
        answered(
            HttpCall::post(
                "/v/{link}/erase",
                &[200, 404],
                "erases what was said, with picture and answer",
            ),
            voice::erase,
        ),
        answered(
            HttpCall::get(
                "/privacy",
                &[200],
                "what this hub keeps of people, for what, on what ground, for how long and by whom",
            ),
            privacy::of_hub,
        ),
        answered(
            HttpCall::get(
                "/privacy/{campaign}",
                &[200, 404],
                "the same of what one campaign uses",
            ),
            privacy::of_campaign,
        ),
        answered(
            HttpCall::get(
                "/share.js",
                &[200],
                "the script of cards: the phone's own share menu",
            ),
            moment_page::script,
        ),
        answered(
            HttpCall::get(
                "/s/{share}/picture.jpg",
                &[200, 404],
                "the page's picture, as a sign that the page was seen",
            ),
            share::own_picture,
        ),
        answered(
            HttpCall::get(
                "/s/{share}/here.gif",
                &[200],
                "a point, as a sign that the page was painted for a second",
            ),
            share::here,
        ),
        answered(
            HttpCall::get(
                "/p/{picture}",
                &[200, 404],
                "a creative's picture, `SHA256.jpg`, the same for everybody, also for previews",
            ),
            share::picture,
        ),
        answered(
            HttpCall::get(
                "/f/{film}",
                &[200, 206, 404, 416],
                "a film that airs, `SHA256.mp4`, whole or in part, for the player of a landing page",
            ),
            film::film,
        ),
        answered(
            HttpCall::get(
                "/c/{campaign}",
                &[302, 200, 404],
                "a shop's link after a purchase: counts it once, and leads on to `to` or to the campaign's target",
            )
            .with_query("?click=CLICK&id=ORDER&kind=KIND&value=VALUE&currency=CURRENCY&at=MOMENT&to=URL&sig=SIGNATURE"),
            bought::bought,
        ),
        answered(
            HttpCall::get(
                "/claim/{code}",
                &[200, 404],
                "leads whoever runs screens to the page that pairs the screen with this code",
            ),
            note::claim,
        ),
    ];
    calls.extend(calls_of_followers::all());
    calls
}

/// The calls of phones that send pictures, which takes its time.
pub(super) fn of_phones_that_send() -> Vec<Answered> {
    vec![answered(
        HttpCall::post(
            "/s/{share}/voice",
            &[303, 302, 400, 413, 422, 503],
            "says something to the publisher: `sentence`, `name`, `agree`, `screen`, and `once` of the page; as \
             `multipart/form-data` with `picture` where one is welcome",
        ),
        voice::say,
    )]
}

/// All calls as the reference tells them.
pub(super) fn chapters() -> [HttpChapter; 5] {
    let told = |calls: Vec<Answered>| calls.into_iter().map(|(call, _)| call);
    let phones = HttpChapter {
        title: "The hub, for phones",
        base: "",
        intro: "Anybody may call. Pages have no cookie, but the one that somebody who follows may ask for, and nothing \
                from another host, and none needs a script. Paths take any letter \
                case, and what chat programs and hands put around a link is passed over. A network that asks too often \
                gets 429 with `Retry-After`. A hub that cannot reach its database answers 503."
            .to_owned(),
        calls: told(of_phones()).chain(told(of_phones_that_send())).collect(),
        notes: Vec::new(),
    };
    let terminals = HttpChapter {
        title: "The hub, for terminals",
        base: TERMINALS_BASE,
        intro: "All calls but the first are for the terminal of the screen that they name, and need \
                `Authorization: Bearer`. Errors are problem details (RFC 9457). [protocol.md](../protocol.md) says \
                what is in the bodies and what each status means."
            .to_owned(),
        calls: told(of_strangers())
            .chain(told(of_waiting_terminals()))
            .chain(told(of_terminals()))
            .collect(),
        notes: vec![
            format!(
                "With a bearer: 401 it is unknown, 403 it is another screen's, 410 the screen is out of service, 429 \
                 with `Retry-After` more than {TURNS_MAX} requests of one screen at one time."
            ),
            "Every call: 404 no such call or screen, 405 another method, 408 a body that does not come, 413 a body \
             that is too large, 503 with `Retry-After` the hub cannot reach its database."
                .to_owned(),
        ],
    };
    let publishers = HttpChapter {
        title: "The hub, for publishers' programs",
        base: TERMINALS_BASE,
        intro: "Each call needs `Authorization: Bearer` with the secret that `passerby-hub source add` printed, or for \
                conversions `passerby-hub conversion-key add`. Errors are problem details (RFC 9457). Whoever sends the \
                same once more changes nothing. [shops.md](../shops.md) says what a shop reports."
            .to_owned(),
        calls: told(of_publishers()).collect(),
        notes: vec![format!(
            "The body is one item as a JSON object, or at most {HOOK_ITEMS_MAX} as a list or as `items`: `id`, \
             `title`, `text`, `link`, `picture` (a link), `price`, `date`, `until` (a day such as 2026-12-24); a title or \
             a text is needed, all else is not. An item with an `id` that is known and other words takes its own \
             place; without an `id` the title stands for it. The answer has `new`, `changed`, `known`, `too_many` and \
             `left_out`."
        )],
    };
    [phones, terminals, publishers, of_console(), of_programs()]
}

fn of_console() -> HttpChapter {
    HttpChapter {
        title: "The console",
        base: "",
        intro: "Pages and forms for people who signed in. A form has the CSRF word of its page; whoever is not in is led \
                to `/console/sign-in` (303)."
            .to_owned(),
        calls: console::routes::all().into_iter().map(|(call, ..)| call).collect(),
        notes: vec![
            "Every call: 403 the role has no right to it, or a form that was not sent from here; 429 with \
             `Retry-After` too much from one network; 503 the hub cannot reach its database."
                .to_owned(),
        ],
    }
}

fn of_programs() -> HttpChapter {
    HttpChapter {
        title: "The hub, for programs",
        base: api::base::BASE,
        intro: "All calls but the first need `Authorization: Bearer` with a token that somebody made in the console under \
                Account. `/api/v1/openapi.json` says what is in the bodies. Errors are problem details (RFC 9457). A \
                change with an `Idempotency-Key` is made once; asked for again within a day it gets the same answer."
            .to_owned(),
        calls: api::routes::all().into_iter().map(|route| route.call).collect(),
        notes: vec![
            "With a token: 401 it does not work, 403 it, or its person, may not do this, 429 too many that did not \
             work from one network; 409 a call with this `Idempotency-Key` is being made; 503 the hub cannot reach its \
             database."
                .to_owned(),
        ],
    }
}
