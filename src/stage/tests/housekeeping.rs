//! What is left behind: nothing.

use super::*;
use crate::stage::agenda::{Agenda, Next};
use crate::stage::slides::LOADED_MAX;
use crate::stage::time::Now;

#[test]
fn slides_that_are_never_shown_do_not_pile_up() {
    let mut stepped = start();
    stepped.cut(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    let (known, drawn, _) = stepped.inventory();
    for _ in 0..20 {
        stepped.load(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    }
    let (then, drawn_then, _) = stepped.inventory();
    assert_eq!(then - known, LOADED_MAX);
    assert_eq!(drawn_then, drawn);
}

#[test]
fn stage_at_rest_draws_nothing_and_wakes_for_the_gpu_at_most() {
    let mut stepped = start();
    stepped.cut(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    for _ in 0..10 {
        stepped.step(Duration::from_millis(200));
    }
    assert!(stepped.update().is_none(), "nothing is drawn at rest");
    let now = stepped.app.world().resource::<Now>().0;
    let next = stepped.app.world().resource::<Agenda>().next();
    // A GPU is looked after even then.
    let look = Next::At(now + Duration::from_secs(10));
    assert!(next.is_none_or(|next| next == look), "{next:?}");
}

#[test]
fn slides_beyond_the_zones_are_refused() {
    let mut stepped = start();
    for zone in 0..9 {
        stepped.load(Zone(zone), WHOLE, flat(8, 8, [9; 3]));
    }
    let ticket = Ticket(1_000);
    let load = |zone| StageCommand::Load {
        ticket,
        zone,
        area: WHOLE,
        slide: flat(8, 8, [9; 3]),
    };
    stepped.send(load(Zone(9)));
    stepped.await_event(|event| *event == StageEvent::Refused(ticket));
    // A zone without slides makes room.
    stepped.send(StageCommand::Drop { ticket: Ticket(1) });
    stepped.send(load(Zone(9)));
    stepped.await_event(|event| *event == StageEvent::Loaded(ticket));
}
