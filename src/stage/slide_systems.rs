//! Moves the zones' slides on: takes the player's commands, starts and ends transitions, works out
//! the next frame.
//!
//! Invariant: one update carries out at most [`COMMANDS_MAX`] commands; those that are left wait in
//! their channel.

use std::time::Duration;

use bevy::prelude::*;
use crossbeam_channel::TryRecvError;
use passerby_compose::slide::Patch;
use passerby_paint::SlideId;
use passerby_playout::messages::stage_messages::{StageCommand, StageEvent};

use crate::stage::channel::StageInbox;
use crate::stage::command_handler::CommandHandler;
use crate::stage::readback::SnapshotRequests;
use crate::stage::slides::Slides;
use crate::stage::store::NextFrame;
use crate::stage::systems::KioskSystems;

/// Most commands that one update carries out.
const COMMANDS_MAX: usize = 64;
/// How soon a frame source is asked again that wants to be asked at once.
const REEL_STEP: Duration = Duration::from_millis(4);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Slides>()
        .add_systems(Update, receive.in_set(KioskSystems::Receive))
        .add_systems(
            Update,
            (start_early, settle, draw)
                .chain()
                .in_set(KioskSystems::Advance),
        );
}

fn receive(
    inbox: Res<StageInbox>,
    mut handler: CommandHandler,
    mut snapshots: ResMut<SnapshotRequests>,
    mut exit: MessageWriter<AppExit>,
) {
    for _ in 0..COMMANDS_MAX {
        match inbox.commands.try_recv() {
            Ok(StageCommand::Load {
                ticket,
                zone,
                area,
                slide,
            }) => handler.load(ticket, zone, area, slide),
            Ok(StageCommand::Swap { ticket, transition }) => handler.swap(ticket, transition),
            Ok(StageCommand::Clear { zone }) => handler.clear(zone),
            Ok(StageCommand::Drop { ticket }) => handler.forget(ticket),
            Ok(StageCommand::Snapshot(reply)) => snapshots.push(reply),
            Ok(StageCommand::SnapshotAtRest(reply)) => snapshots.push_at_rest(reply),
            Ok(StageCommand::Quit) | Err(TryRecvError::Disconnected) => {
                exit.write(AppExit::Success);
                return;
            }
            Err(TryRecvError::Empty) => return,
        }
    }
    handler.agenda.next_frame();
}

fn start_early(mut handler: CommandHandler) {
    let early: Vec<_> = handler
        .slides
        .0
        .values_mut()
        .filter_map(|zone| zone.early.take())
        .collect();
    for (ticket, transition) in early {
        handler.swap(ticket, transition);
    }
}

/// Lets slides begin that are about to be seen, and ends transitions that are over.
fn settle(mut handler: CommandHandler) {
    let now = handler.now.0;
    let mut over = Vec::new();
    for (&zone, slides) in &mut handler.slides.0 {
        let Some(change) = &mut slides.change else {
            continue;
        };
        if !change.visible {
            change.visible = true;
            let over = slides.shown.as_ref().map(|shown| &shown.slide);
            change.incoming.slide.begin(now, over);
            handler
                .presenter
                .frame()
                .debut(zone, change.incoming.slide.ticket);
        }
        if change.progress.is_over(now) {
            let took = change.progress.took(now);
            if handler.smoothness.ended(took, change.frames) {
                info!("a transition of {took:?} had {} frames", change.frames);
                handler.event_sender.send(StageEvent::TransitionsStutter);
            }
            over.push(zone);
        }
    }
    for zone in over {
        handler.settle(zone);
    }
}

/// Works out the next frame, zone by zone, and has the presenter let go of what nobody shows.
fn draw(
    mut handler: CommandHandler,
    mut next: ResMut<NextFrame>,
    mut due: Local<Vec<Patch>>,
    mut ids: Local<Vec<SlideId>>,
) {
    let CommandHandler {
        slides,
        store,
        changed,
        agenda,
        output,
        now,
        ..
    } = &mut handler;
    let now = now.0;
    let mut layers = Vec::new();
    ids.clear();
    for zone in slides.0.values_mut() {
        for shown in zone.on_screen_mut() {
            shown.at = shown.slide.on_output(output.size_px);
            let fed = shown.slide.feed(store.0.as_mut(), now, &mut due);
            changed.0 |= fed.changed;
            if let Some(next) = fed.next {
                agenda.wake_at(next.max(now + REEL_STEP));
            }
            if shown.slide.moves_after(now) {
                agenda.next_frame();
            }
        }
        if zone.change.is_some() {
            agenda.next_frame();
        }
        zone.layers(now, &mut layers);
        ids.extend(zone.ids());
    }
    store.0.keep(&ids);
    if next.0.layers != layers {
        next.0.layers = layers;
        changed.0 = true;
    }
}
