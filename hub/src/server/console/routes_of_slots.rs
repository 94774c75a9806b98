//! The pages and forms about slots, and about the room for files.

use crate::people::Right;
use crate::server::console::pages::{quotas, slots};
use crate::server::console::route::{FORM, ONE, PAGE, Route, get, post};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/console/slots",
            may(Right::SeeCampaigns),
            PAGE,
            "slots for contributors, the newest first",
            slots::list,
        ),
        post(
            "/console/slots",
            may(Right::ChangeSlots),
            &[303, 422],
            "opens a slot",
            slots::open,
        ),
        get(
            "/console/slots/{slot}",
            may(Right::SeeCampaigns),
            ONE,
            "one slot, and the form to hand pieces in",
            slots::show,
        ),
        post(
            "/console/slots/{slot}/files",
            Rule::MayUpload(Right::ChangeDrafts),
            &[303, 404, 413, 422, 429],
            "takes pieces in and hands them in for approval",
            slots::hand_in,
        ),
        post(
            "/console/slots/{slot}/invite",
            may(Right::ChangeSlots),
            &[201, 404, 422],
            "makes a link by which somebody becomes a contributor to this slot alone",
            slots::invite,
        ),
        post(
            "/console/slots/{slot}/close",
            may(Right::ChangeSlots),
            FORM,
            "closes it before its last day",
            slots::close,
        ),
        get(
            "/console/quotas",
            may(Right::ChangeScreens),
            PAGE,
            "how much the files of people, of slots and of the hub may take, and how much they do",
            quotas::show,
        ),
        post(
            "/console/quotas",
            may(Right::ChangeScreens),
            &[303, 404, 422],
            "sets how much there may be of one of them",
            quotas::set,
        ),
    ]
}
