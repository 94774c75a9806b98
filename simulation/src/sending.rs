//! Batches on their way to the hub, and answers on their way back.

use std::sync::Arc;

use passerby_playout::hub_link::hub_time::ROUND_TRIP_MS_MAX;
use passerby_playout::hub_link::send_state::{Answer, SentRows};
use passerby_playout::system::clock::Clock as _;
use passerby_protocol::limits::{BATCH_PLAYS_MAX, BATCH_UNPACKED_BYTES_MAX};
use passerby_protocol::plays::{BatchError, PlayBatch};
use passerby_protocol::wire::PlaysReply;

use crate::hub::{Hub, Refused};
use crate::invariants;
use crate::network::{Instead, TIMEOUT_MS};
use crate::terminal::{Flight, Next};
use crate::world::{Event, Request, Told, World};

/// When the hub wants to hear from a terminal again that has caught up, as in the hub.
const NEXT_AFTER_MS: u64 = 10_000;
/// One request in so many goes over the line as the bytes that it would be.
const PACKED_ONE_IN: u64 = 8;

impl<H: Hub> World<'_, H> {
    /// A play was recorded: whoever waits for one looks.
    pub(crate) fn recorded(&mut self) {
        if let Some(terminal) = &mut self.terminal
            && terminal.is_waiting
            && terminal.permit
        {
            (terminal.is_waiting, terminal.permit) = (false, false);
            self.sends_next();
        }
    }

    /// Sets the time of the next batch.
    pub(crate) fn sends_next(&mut self) {
        let Some(terminal) = &self.terminal else {
            return;
        };
        let (id, boot_ms) = (terminal.id, self.clock.now().boot_ms);
        match terminal.next() {
            Next::At(at_ms) => self.after(at_ms.saturating_sub(boot_ms), Event::Sends(id)),
            Next::Wait => {}
            Next::Stopped => {
                let acts_ms = if self.is_calm() {
                    0
                } else {
                    self.dice.span_ms(600_000, 21_600_000)
                };
                self.note("sending has stopped until a person acts");
                self.after(acts_ms, Event::Enrols);
            }
        }
    }

    /// Sends a batch, when one waits.
    pub(crate) fn sends(&mut self) -> Result<(), String> {
        let Some(pass) = self.disk.pass else {
            return Ok(());
        };
        let Some(terminal) = &mut self.terminal else {
            return Ok(());
        };
        if terminal.flight.is_some() {
            return Err("a batch is sent while another waits for its answer".to_owned());
        }
        let batch = terminal.batch(&mut self.truth);
        let Ok(Some(batch)) = batch else {
            terminal.is_waiting = true;
            if let Err(error) = batch {
                self.week.refused_writes += 1;
                self.note(format_args!("nothing can be sent: {error}"));
            }
            self.recorded();
            return Ok(());
        };
        self.flights += 1;
        let rows = batch.columns.number.len();
        if rows > BATCH_PLAYS_MAX {
            return Err(format!("a batch has {rows} rows"));
        }
        let flight = Flight {
            id: self.flights,
            rows: SentRows::of(&batch),
            epoch: batch.epoch,
            asked_boot_ms: self.clock.now().boot_ms,
        };
        terminal.flight = Some(flight);
        let process = terminal.id;
        let weather = self.weather;
        let way = weather.way(rows, &mut self.dice);
        self.note(format_args!(
            "sends {rows} rows from {} on, {weather:?}: {way:?}",
            batch.first_seq
        ));
        self.after(TIMEOUT_MS, no_answer(process, flight.id));
        match way.instead {
            Some(instead) => {
                let answer = match instead {
                    Instead::Portal => Answer::Unavailable {
                        retry_after_ms: None,
                    },
                    Instead::TooLarge => Answer::TooLarge,
                    Instead::Busy(retry_after_ms) => Answer::Unavailable { retry_after_ms },
                };
                let told = Told {
                    answer,
                    misleads: false,
                };
                let after_ms = way.answered_ms.unwrap_or(0);
                self.after(after_ms, Event::Answers(process, flight.id, told));
            }
            None => {
                let arrivals: Vec<u64> = way.arrives_ms.into_iter().flatten().collect();
                for &after_ms in &arrivals {
                    self.after(after_ms, Event::Arrives(flight.id));
                }
                let request = Request {
                    process,
                    flight: flight.id,
                    bearer: pass.bearer,
                    batch: Arc::new(self.over_the_line(batch)?),
                    way,
                    arrivals: u32::try_from(arrivals.len()).unwrap_or(0),
                };
                if request.arrivals > 0 {
                    self.requests.insert(flight.id, request);
                }
            }
        }
        Ok(())
    }

    /// The batch as the hub reads it.
    fn over_the_line(&self, batch: PlayBatch) -> Result<PlayBatch, String> {
        if !self.flights.is_multiple_of(PACKED_ONE_IN) {
            return Ok(batch);
        }
        let json = serde_json::to_vec(&batch).map_err(|error| error.to_string())?;
        let packed = zstd::bulk::compress(&json, 1).map_err(|error| error.to_string())?;
        let unpacked = zstd::bulk::decompress(&packed, BATCH_UNPACKED_BYTES_MAX)
            .map_err(|error| error.to_string())?;
        let read: PlayBatch =
            serde_json::from_slice(&unpacked).map_err(|error| error.to_string())?;
        (read == batch)
            .then_some(read)
            .ok_or_else(|| "a batch changed on the line".to_owned())
    }

    /// A batch reaches the hub.
    pub(crate) fn arrives(&mut self, request: u64) -> Result<(), String> {
        let Some(waiting) = self.requests.get_mut(&request) else {
            return Ok(());
        };
        waiting.arrivals -= 1;
        let request = waiting.clone();
        if request.arrivals == 0 {
            self.requests.remove(&request.flight);
        }
        self.week.batches += 1;
        let answer = if self.hub_is_down {
            Answer::Unavailable {
                retry_after_ms: None,
            }
        } else {
            self.hub_takes(&request)?
        };
        let misleads = self.hub_wrong_ms != 0;
        let mut told = Told { answer, misleads };
        if let Answer::Acked(reply) = &told.answer {
            let earlier = self.earlier_answer.replace((reply.clone(), misleads));
            if let (true, Some((earlier, _))) = (request.way.is_stale, earlier) {
                told = Told {
                    answer: if earlier.epoch == request.batch.epoch {
                        Answer::Acked(earlier)
                    } else {
                        Answer::Unavailable {
                            retry_after_ms: None,
                        }
                    },
                    misleads: true,
                };
            }
        }
        if let Some(after_ms) = request.way.answered_ms {
            self.after(
                after_ms,
                Event::Answers(request.process, request.flight, told),
            );
        }
        Ok(())
    }

    fn hub_takes(&mut self, request: &Request) -> Result<Answer, String> {
        let now_ms = self.hub_now_ms();
        let batch = &*request.batch;
        // The real hub judges the rows of a batch before anything else but the bearer.
        let plays = batch.unpack().map_err(|error| error.to_string())?;
        let poison = plays
            .iter()
            .find(|play| self.plan.is_poison(play.number) && !invariants::is_empty(play));
        if let Some(poison) = poison.filter(|_| self.hub.knows(request.bearer)) {
            self.diary.note(
                self.now_ms,
                format_args!("the hub does not understand row {}", poison.seq),
            );
            return Ok(Answer::Refused);
        }
        let before = self.hub.last_seq(batch.epoch);
        let taken = self.hub.take(request.bearer, batch, now_ms);
        let answer = match taken {
            Ok(taken) => Answer::Acked(PlaysReply {
                epoch: batch.epoch,
                acked_through: taken.acked_through,
                rejected: taken.rejected,
                server_time_ms: now_ms,
                next_after_ms: if plays.len() >= BATCH_PLAYS_MAX {
                    0
                } else {
                    NEXT_AFTER_MS
                },
                play_floor: Some(taken.play_floor),
            }),
            Err(Refused::Batch(BatchError::Malformed(why))) => {
                return Err(format!("the hub calls a batch malformed: {why}"));
            }
            Err(Refused::Batch(BatchError::Row { seq, reason })) => {
                return Err(format!("the hub calls row {seq} impossible: {reason}"));
            }
            Err(Refused::Gap { expected_seq }) => Answer::Gap { expected_seq },
            Err(Refused::Forked { from_seq }) => Answer::Forked { from_seq },
            Err(Refused::Unauthorised) => Answer::Unauthorised,
        };
        self.note(format_args!(
            "the hub gets {} rows from {} on, has {before} of {}: {}",
            plays.len(),
            batch.first_seq,
            batch.epoch,
            brief(&answer)
        ));
        let life = self
            .truth
            .lives
            .iter()
            .position(|life| life.epoch == batch.epoch);
        if let Some(life) = life {
            let from = before.min(batch.first_seq - 1) + 1;
            let is_poison = |number| self.plan.is_poison(number);
            invariants::of_rows(&self.truth, &self.hub, life, from, is_poison)?;
        }
        Ok(answer)
    }

    /// The process hears an answer, or has waited for too long.
    pub(crate) fn answers(&mut self, flight: u64, told: &Told) -> Result<(), String> {
        let Some(terminal) = &mut self.terminal else {
            return Ok(());
        };
        let Some(awaited) = terminal.flight.filter(|awaited| awaited.id == flight) else {
            return Ok(());
        };
        terminal.flight = None;
        if let Answer::Acked(reply) = &told.answer {
            if reply.epoch != awaited.epoch {
                return Err("an answer is about another ledger".to_owned());
            }
            let boot = self.clock.now().boot;
            if told.misleads {
                self.truth.misled.insert(boot.clone());
            }
            let took_ms = self.clock.now().boot_ms - awaited.asked_boot_ms;
            if took_ms <= ROUND_TRIP_MS_MAX {
                self.truth.vouched.insert(boot);
            }
        }
        let random = self.dice.bits();
        let life = terminal.life;
        let (verdict, written) =
            terminal.answered(awaited, &told.answer, &self.clock, random, &mut self.truth);
        let stops = matches!(told.answer, Answer::Unauthorised | Answer::Decommissioned);
        if stops && terminal.next() != Next::Stopped {
            return Err("the hub said stop, and sending goes on".to_owned());
        }
        if terminal.life != life {
            self.disk.life = Some(terminal.life);
            self.week.forks += 1;
        }
        self.note(format_args!(
            "hears {}, so {verdict:?}",
            brief(&told.answer)
        ));
        if let Err(error) = written {
            self.week.refused_writes += 1;
            self.note(format_args!("it cannot be written: {error}"));
        }
        self.recorded();
        self.sends_next();
        Ok(())
    }
}

fn no_answer(process: u64, flight: u64) -> Event {
    let answer = Answer::Unavailable {
        retry_after_ms: None,
    };
    Event::Answers(
        process,
        flight,
        Told {
            answer,
            misleads: false,
        },
    )
}

fn brief(answer: &Answer) -> String {
    match answer {
        Answer::Acked(reply) => format!("200, acked through {}", reply.acked_through),
        other => format!("{other:?}"),
    }
}
