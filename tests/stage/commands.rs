//! Commands in any order, and how a stage begins and ends.

use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;
use passerby::stage::{self, StageConfig, StageError};
use passerby_compose::slide::Slide;
use passerby_playout::messages::stage_messages::{StageCommand, StageEvent, Ticket, Transition};
use passerby_playout::screen::area::Area;
use passerby_playout::screen::geometry::Zone;

use crate::player::{BOTH, PATIENCE, Player, config, play, whole};
use crate::slides::slide;

#[test]
fn commands_in_any_order_never_break_the_stage() {
    for draw_with in BOTH {
        const SIZE: (u32, u32) = (64, 48);
        play(config(draw_with, SIZE), |player| {
            player.await_size();
            // Unknown tickets.
            player.send(StageCommand::Swap {
                ticket: Ticket(99),
                transition: Transition::CUT,
            });
            player.send(StageCommand::Drop { ticket: Ticket(98) });
            // Slides that cannot be textures.
            for (ticket, bad) in [
                (
                    90,
                    Slide {
                        rgba: vec![0; 7],
                        ..slide(1, SIZE)
                    },
                ),
                (
                    91,
                    Slide {
                        width_px: 0,
                        ..slide(1, SIZE)
                    },
                ),
                (
                    92,
                    Slide {
                        width_px: 1 << 30,
                        height_px: 1,
                        ..slide(1, SIZE)
                    },
                ),
            ] {
                player.send(StageCommand::Load {
                    ticket: Ticket(ticket),
                    zone: Zone::MAIN,
                    area: whole(SIZE),
                    slide: bad,
                });
                let refused = StageEvent::Refused(Ticket(ticket));
                assert_eq!(player.await_event(), refused);
            }
            player.send(StageCommand::Load {
                ticket: Ticket(93),
                zone: Zone::MAIN,
                area: Area::default(),
                slide: slide(1, SIZE),
            });
            assert_eq!(player.await_event(), StageEvent::Refused(Ticket(93)));
            player.show(1, SIZE, Duration::ZERO);
            player.await_picture(1, SIZE);
            // A swap in the middle of a fade ends that fade.
            player.show(2, SIZE, Duration::from_secs(3600));
            player.show(3, SIZE, Duration::ZERO);
            player.await_picture(3, SIZE);
            // Swap right behind load, without waiting.
            player.send(StageCommand::Load {
                ticket: Ticket(4),
                zone: Zone::MAIN,
                area: whole(SIZE),
                slide: slide(4, SIZE),
            });
            player.send(StageCommand::Swap {
                ticket: Ticket(4),
                transition: Transition::CUT,
            });
            assert_eq!(player.await_event(), StageEvent::Loaded(Ticket(4)));
            assert!(matches!(
                player.await_event(),
                StageEvent::Presented {
                    ticket: Ticket(4),
                    ..
                }
            ));
            // A dropped slide is not shown.
            player.send(StageCommand::Load {
                ticket: Ticket(5),
                zone: Zone::MAIN,
                area: whole(SIZE),
                slide: slide(5, SIZE),
            });
            assert_eq!(player.await_event(), StageEvent::Loaded(Ticket(5)));
            player.send(StageCommand::Drop { ticket: Ticket(5) });
            player.send(StageCommand::Swap {
                ticket: Ticket(5),
                transition: Transition::CUT,
            });
            player.await_picture(4, SIZE);
        })
        .unwrap();
    }
}

#[test]
fn a_picture_at_rest_waits_until_no_slide_gives_way_and_says_where_codes_are() {
    for draw_with in BOTH {
        const SIZE: (u32, u32) = (640, 360);
        play(config(draw_with, SIZE), |player| {
            player.await_size();
            player.show(1, SIZE, Duration::ZERO);
            // A fade that ends in no test.
            player.show(2, SIZE, Duration::from_secs(3600));
            let (reply, at_rest) = bounded(1);
            player.send(StageCommand::SnapshotAtRest(reply));
            let (reply, at_once) = bounded(1);
            player.send(StageCommand::Snapshot(reply));
            let faded = at_once.recv_timeout(PATIENCE).expect("a picture");
            assert_eq!(faded.zones[0].codes.len(), 2, "of both slides");
            assert!(at_rest.try_recv().is_err(), "it waits");
            // A cut ends the fade.
            player.show(3, SIZE, Duration::ZERO);
            let rested = at_rest.recv_timeout(PATIENCE).expect("a picture");
            assert_eq!(rested.rgba, slide(3, SIZE).rgba);
            let [shown] = &rested.zones[..] else {
                panic!("{:?}", rested.zones);
            };
            assert_eq!(shown.zone, Zone::MAIN);
            assert_eq!(shown.codes, [slide(3, SIZE).code_square.unwrap()]);
            assert_eq!(shown.play, slide(3, SIZE).caption.play);
        })
        .unwrap();
    }
}

#[test]
fn commands_sent_before_the_stage_starts_are_kept() {
    for draw_with in BOTH {
        const SIZE: (u32, u32) = (64, 48);
        let (sender, inbox) = stage::channel(16);
        let (event_sender, events) = bounded(16);
        sender
            .send(StageCommand::Load {
                ticket: Ticket(1),
                zone: Zone::MAIN,
                area: whole(SIZE),
                slide: slide(1, SIZE),
            })
            .ok()
            .unwrap();
        let player = thread::spawn(move || {
            let player = Player {
                stage: sender,
                events,
            };
            let mut loaded = false;
            while !loaded {
                loaded = player.await_event() == StageEvent::Loaded(Ticket(1));
            }
            player.send(StageCommand::Quit);
        });
        stage::run(config(draw_with, SIZE), inbox, event_sender).unwrap();
        player.join().unwrap();
    }
}

#[test]
fn stage_ends_when_its_time_is_over_or_its_player_is_gone() {
    for draw_with in BOTH {
        let (sender, inbox) = stage::channel(1);
        let (event_sender, _events) = bounded(1);
        let config_timed = StageConfig {
            run_for: Some(Duration::from_millis(300)),
            ..config(draw_with, (64, 48))
        };
        stage::run(config_timed, inbox, event_sender.clone()).unwrap();
        assert!(sender.send(StageCommand::Quit).is_err());

        let (sender, inbox) = stage::channel(1);
        drop(sender);
        stage::run(config(draw_with, (64, 48)), inbox, event_sender).unwrap();
    }
}

#[test]
fn a_size_that_no_gpu_draws_is_an_error() {
    for draw_with in BOTH {
        let error = play(config(draw_with, (0, 100)), |_| {}).unwrap_err();
        assert!(matches!(error, StageError::Size { .. }), "{error}");
    }
}
