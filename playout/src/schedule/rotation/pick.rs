//! Picks what airs next, and books it once it has aired.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use passerby_protocol::campaign::Takeover;

use crate::content::catalog::CatalogItem;
use crate::content::catalog::ItemKey;
use crate::schedule::rotation::accounts::{AccountId, Contender, Span};
use crate::schedule::rotation::group::Chosen;
use crate::schedule::rotation::pace::GOALS_PPM_MAX;
use crate::schedule::rotation::plan::Mode;
use crate::schedule::rotation::plan::{Item, Rotation};
use crate::schedule::rotation::separation::{Airings, Distance, PlayEnd, SeparationKey};
use crate::schedule::rotation::{Class, History, PickSurroundings, Reason, Rules, timestamp};
use crate::system::clock::Moment;

/// The whole of a zone's air time.
const WHOLE_PPM: u64 = 1_000_000;
/// Shortest slot of a takeover that is about to end, so that it does not flash.
const TAKEOVER_MS_MIN: u64 = 1_000;
/// Most that exact shares and goals take from content that has neither.
const SHARES_PPM_MAX: u64 = 950_000;

/// What airs next, and what could change that.
#[derive(Debug, Clone)]
pub struct Next {
    /// What airs.
    pub decision: Decision,
    /// After this many milliseconds a takeover may begin that does not wait for the end of a play;
    /// it is not known of what triggers bring.
    pub takeover_in_ms: Option<u64>,
}

/// What should air next.
#[derive(Debug, Clone)]
pub enum Decision {
    /// An item of the catalogue.
    Item(Pick),
    /// The house creative, since nothing is eligible.
    House {
        /// After this many milliseconds something could be; `None` when only new content, a trigger
        /// or a clock that becomes known can change it.
        until_change_ms: Option<u64>,
    },
}

/// An item, and why.
#[derive(Debug, Clone)]
pub struct Pick {
    /// Its place in [`Rotation::catalog`].
    pub index: usize,
    /// For how long, in milliseconds.
    pub dwell_ms: u64,
    /// Which class it was picked from.
    pub class: Class,
    /// Why it airs, for those who publish and operate.
    pub reason: Reason,
    /// What to book once it has aired.
    pub booking: Booking,
}

/// What a play means for the accounts: who could have aired in its place, and who did.
#[derive(Debug, Clone, PartialEq)]
pub struct Booking {
    /// One a class: a scheduled play that exact shares leave to fillers has two.
    legs: Vec<BookedClass>,
    item: AccountId,
    /// The account of its group, and its place in a sequence.
    group: Option<(AccountId, u32)>,
    phase: Option<AccountId>,
    /// The group and the key by which an adaptive group remembers it.
    competes: Option<(ItemKey, ItemKey)>,
    distance: Distance,
}

#[derive(Debug, Clone, PartialEq)]
struct BookedClass {
    class: Class,
    claims: Arc<[Contender]>,
    aired: usize,
}

/// The state of a pick.
struct PickContext<'a> {
    now: &'a Moment,
    at: Option<Timestamp>,
    around: PickSurroundings<'a>,
    hour: Span,
    day: Span,
    /// Of campaigns with phases: the one that is on.
    phases: Vec<Option<usize>>,
    /// How long each distance has to wait, in milliseconds.
    waits_ms: Vec<u64>,
}

/// What of a class could air.
#[derive(Default)]
struct Candidates {
    candidacies: Vec<Candidacy>,
    /// Places of items, candidacy by candidacy.
    items: Vec<usize>,
}

impl Candidates {
    /// The eligible items of a candidacy.
    fn eligible(&self, at: usize) -> &[usize] {
        let range = self.candidacies.get(at).map(|found| found.eligible.clone());
        range.map_or(&[], |range| &self.items[range])
    }
}

/// An entry that could air.
struct Candidacy {
    entry: usize,
    /// Where its eligible items stand in the field's.
    eligible: Range<usize>,
    weight: u64,
    share_ppm: u64,
    length_ms: u64,
    reason: Option<Reason>,
}

impl Rules {
    /// The hour and the day in which a play counts against caps.
    fn spans(&self, start: &Moment, aired_ms: u64) -> (Span, Span) {
        match timestamp(start) {
            Some(at) => {
                let local_s = at.as_second() + i64::from(self.time_zone.to_offset(at).seconds());
                (
                    Span::Local(local_s.div_euclid(3_600)),
                    Span::Local(local_s.div_euclid(86_400)),
                )
            }
            None => (
                Span::Aired(aired_ms / 3_600_000),
                Span::Aired(aired_ms / 86_400_000),
            ),
        }
    }
}

impl Rotation {
    /// Picks what airs next. `skip` tells which items cannot be shown at present.
    pub fn next(
        &mut self,
        now: &Moment,
        around: PickSurroundings<'_>,
        skip: impl Fn(&CatalogItem) -> bool,
    ) -> Next {
        self.judge_conditions(&around);
        let (hour, day) = self.rules.spans(now, around.history.accounts.aired_ms());
        let at = timestamp(now);
        let context = PickContext {
            now,
            at,
            around,
            hour,
            day,
            phases: (0..self.campaigns.len())
                .map(|campaign| self.phase_on(campaign, at, &around))
                .collect(),
            waits_ms: self
                .distances
                .iter()
                .map(|distance| around.airings.wait_ms(distance, now))
                .collect(),
        };
        let may_air: Vec<bool> = (0..self.items.len())
            .map(|item| self.may_air(item, &context) && !skip(&self.catalog[item]))
            .collect();
        let decision = match self.pick(&context, &may_air) {
            Some(pick) => Decision::Item(pick),
            None => Decision::House {
                until_change_ms: self.until_change_ms(&context),
            },
        };
        Next {
            decision,
            takeover_in_ms: self.takeover_in_ms(&context, &may_air),
        }
    }

    fn judge_conditions(&mut self, around: &PickSurroundings<'_>) {
        if self.seen.facts_version == Some(around.facts.version) {
            return;
        }
        let Self { catalog, rules, .. } = self;
        self.seen.conditions = catalog
            .iter()
            .map(|item| {
                let when = item.placement().when.as_ref();
                when.is_none_or(|when| when.holds(&rules.venue, &around.facts.readings))
            })
            .collect();
        self.seen.facts_version = Some(around.facts.version);
    }

    /// The first phase that is on and has not reached a goal that ends it.
    fn phase_on(
        &mut self,
        campaign: usize,
        at: Option<Timestamp>,
        around: &PickSurroundings<'_>,
    ) -> Option<usize> {
        let at = at?;
        (0..self.campaigns[campaign].accounts.len()).find(|&phase| {
            self.flight(campaign, phase, at).open
                && !(self.campaign(campaign).phases[phase].ends_on_goal
                    && self.standing(campaign, phase, around).plays_left == Some(0))
        })
    }

    fn may_air(&mut self, item: usize, context: &PickContext<'_>) -> bool {
        let Item {
            campaign,
            dated,
            account,
            per_hour,
            per_day,
            ..
        } = self.items[item];
        if !self.seen.conditions[item] {
            return false;
        }
        let in_time = match context.at {
            Some(at) => {
                (!dated || self.window(item, at).open)
                    && (self.campaigns[campaign].accounts.is_empty()
                        || context.phases[campaign].is_some_and(|phase| {
                            let wanted = &self.items[item].phases;
                            wanted.is_empty() || wanted.contains(&phase)
                        }))
            }
            None => !dated,
        };
        if !in_time {
            return false;
        }
        if let Some(trigger) = &self.items[item].trigger {
            let since_ms = context
                .around
                .facts
                .since_trigger_ms(&trigger.name, context.now);
            if since_ms.is_none_or(|since_ms| since_ms >= u64::from(trigger.seconds) * 1_000) {
                return false;
            }
        }
        let account = context.around.history.accounts.of(account);
        per_hour.is_none_or(|most| account.hour.within(context.hour) < most)
            && per_day.is_none_or(|most| account.day.within(context.day) < most)
    }

    fn pick(&mut self, context: &PickContext<'_>, may_air: &[bool]) -> Option<Pick> {
        let mut legs = Vec::new();
        for class in Class::ALL {
            let candidates = self.candidates(class, context, may_air);
            if candidates.candidacies.is_empty() {
                continue;
            }
            let has_lower =
                (0..self.items.len()).any(|item| may_air[item] && self.items[item].class > class);
            let claims = self.claims(
                &candidates.candidacies,
                class == Class::Scheduled && has_lower,
            );
            let ranks = context.around.history.accounts.ranks(class, &claims);
            // Whose distances all have to wait; a sequence whose next part has to wait says so when
            // it is asked.
            let waits = |item: &usize| context.waits_ms[self.items[*item].distance] > 0;
            let mut waiting: Vec<usize> = (0..candidates.candidacies.len())
                .filter(|&at| candidates.eligible(at).iter().all(waits))
                .collect();
            let mut out = vec![false; claims.len()];
            waiting.iter().for_each(|&at| out[at] = true);
            while let Some(at) = (0..claims.len())
                .filter(|&at| !out[at])
                .min_by_key(|&at| ranks[at])
            {
                // Who has waited for its distance is not made to wait for ever by those who need
                // less of one.
                let makes_wait = |other: &usize| {
                    (ranks[*other], *other) < (ranks[at], at)
                        && self.keeps_apart(&candidates, *other, at)
                };
                if waiting.iter().any(makes_wait) {
                    out[at] = true;
                    continue;
                }
                let leg = |claims: &[Contender]| BookedClass {
                    class,
                    claims: claims.into(),
                    aired: at,
                };
                let Some(candidacy) = candidates.candidacies.get(at) else {
                    // The shares are served; what is left goes to the classes below.
                    legs.push(leg(&claims));
                    break;
                };
                let chosen = self.choose(
                    candidacy.entry,
                    candidates.eligible(at),
                    &context.waits_ms,
                    context.now,
                    &context.around,
                );
                let Some(chosen) = chosen else {
                    waiting.push(at);
                    out[at] = true;
                    continue;
                };
                legs.push(leg(&claims));
                let reason = chosen.reason.clone().or_else(|| candidacy.reason.clone());
                let reason = reason.unwrap_or(if claims.len() == 1 {
                    Reason::Only(class)
                } else {
                    Reason::Share(class)
                });
                let mut pick = self.pick_of(&chosen, candidacy.entry, class, reason, legs, context);
                if class == Class::Takeover {
                    let left_ms = self.left_of_takeover_ms(chosen.item, context);
                    pick.dwell_ms = pick.dwell_ms.min(left_ms.max(TAKEOVER_MS_MIN));
                }
                return Some(pick);
            }
        }
        None
    }

    /// Tells whether a play of one candidacy would make another wait.
    fn keeps_apart(&self, candidates: &Candidates, one: usize, other: usize) -> bool {
        let distance = |at: usize| {
            let item = *candidates.eligible(at).first()?;
            Some(&self.distances[self.items[item].distance])
        };
        matches!((distance(one), distance(other)), (Some(one), Some(other)) if one.keeps_from(other))
    }

    fn pick_of(
        &self,
        chosen: &Chosen,
        entry: usize,
        class: Class,
        reason: Reason,
        legs: Vec<BookedClass>,
        context: &PickContext<'_>,
    ) -> Pick {
        let at = chosen.item;
        let item = &self.items[at];
        let entry = &self.entries[entry];
        let group = (entry.mode != Mode::Single).then_some(entry);
        let competes = group
            .filter(|group| matches!(group.mode, Mode::Adaptive(_)))
            .map(|group| (group.key.clone(), self.catalog[at].key.clone()));
        let phases = &self.campaigns[item.campaign].accounts;
        Pick {
            index: at,
            dwell_ms: item.length_ms,
            class,
            reason,
            booking: Booking {
                legs,
                item: item.account,
                group: group.map(|group| (group.account, chosen.place)),
                phase: context.phases[item.campaign].map(|phase| phases[phase]),
                competes,
                distance: self.distances[item.distance].clone(),
            },
        }
    }

    /// What of a class could air, distances aside.
    fn candidates(
        &mut self,
        class: Class,
        context: &PickContext<'_>,
        may_air: &[bool],
    ) -> Candidates {
        let mut candidates = Candidates::default();
        for entry in 0..self.entries.len() {
            if self.entries[entry].class != class {
                continue;
            }
            let from = candidates.items.len();
            let members = self.entries[entry].members.iter().copied();
            candidates
                .items
                .extend(members.filter(|&item| may_air[item]));
            let mut candidacy = Candidacy {
                entry,
                eligible: from..candidates.items.len(),
                weight: 0,
                share_ppm: 0,
                length_ms: 0,
                reason: None,
            };
            if candidacy.eligible.is_empty() {
                continue;
            }
            for &item in &candidates.items[from..] {
                self.add_claim(item, context, &mut candidacy);
            }
            candidates.candidacies.push(candidacy);
        }
        candidates
    }

    /// Adds what one placement asks for to what its entry does.
    fn add_claim(&mut self, at: usize, context: &PickContext<'_>, candidacy: &mut Candidacy) {
        let item = &self.items[at];
        let (campaign, weight, length_ms) = (item.campaign, item.weight, item.length_ms);
        candidacy.length_ms = candidacy.length_ms.max(length_ms);
        if let Some(share_ppm) = item.share_ppm {
            candidacy.share_ppm += share_ppm;
            return;
        }
        let phase = context.phases[campaign];
        let left = phase.and_then(|phase| {
            let standing = self.standing(campaign, phase, &context.around);
            Some((phase, standing.plays_left?))
        });
        let (Some((phase, plays_left)), Some(now)) = (left, context.at) else {
            candidacy.weight += weight;
            return;
        };
        if plays_left == 0 {
            // More plays are welcome where nobody else wants the time.
            candidacy.weight += 1;
            return;
        }
        let Some(left_ms) = self.left_ms(campaign, phase, now) else {
            candidacy.weight += weight;
            return;
        };
        let mates = self.campaigns[campaign].members.iter();
        let weights: u64 = mates
            .map(|&mate| &self.items[mate])
            .filter(|mate| mate.phases.is_empty() || mate.phases.contains(&phase))
            .map(|mate| mate.weight)
            .sum();
        let owed_ms = u128::from(plays_left) * u128::from(length_ms) * u128::from(weight)
            / u128::from(weights.max(1));
        let ppm = owed_ms * u128::from(WHOLE_PPM) / u128::from(left_ms.max(1));
        let ppm = u64::try_from(ppm).unwrap_or(u64::MAX).min(GOALS_PPM_MAX);
        candidacy.share_ppm += ppm.max(1);
        candidacy.reason = Some(Reason::Pace {
            plays_left,
            hours_left: left_ms / 3_600_000,
        });
    }

    /// Rates for a class: weights as they are, and exact shares so that they come out beside them.
    fn claims(&self, candidacies: &[Candidacy], has_lower: bool) -> Vec<Contender> {
        let weights: u64 = candidacies
            .iter()
            .filter(|candidacy| candidacy.share_ppm == 0)
            .map(|candidacy| candidacy.weight)
            .sum();
        let shares: u64 = candidacies
            .iter()
            .map(|candidacy| candidacy.share_ppm)
            .sum();
        let shares_max = if weights == 0 {
            WHOLE_PPM
        } else {
            SHARES_PPM_MAX
        };
        // More than all that there is, is shared out in proportion.
        let fits = |share_ppm: u64| {
            if shares <= shares_max {
                u128::from(share_ppm)
            } else {
                u128::from(share_ppm) * u128::from(shares_max) / u128::from(shares)
            }
        };
        let rest = WHOLE_PPM - shares.min(shares_max);
        let rate = |candidacy: &Candidacy| match (candidacy.share_ppm, weights) {
            (0, _) => candidacy.weight,
            (share_ppm, 0) => u64::try_from(fits(share_ppm)).unwrap_or(WHOLE_PPM),
            (share_ppm, weights) => {
                let exact = fits(share_ppm) * u128::from(weights) / u128::from(rest.max(1));
                u64::try_from(exact).unwrap_or(u64::MAX / 4).max(1)
            }
        };
        let mut claims: Vec<Contender> = candidacies
            .iter()
            .map(|candidacy| Contender {
                account: self.entries[candidacy.entry].account,
                rate: rate(candidacy),
                length_ms: candidacy.length_ms,
                floats: candidacy.share_ppm > 0,
            })
            .collect();
        if has_lower && weights == 0 && rest > 0 {
            claims.push(Contender {
                account: self.rest,
                rate: rest,
                length_ms: self.rules.dwell_ms,
                floats: true,
            });
        }
        claims
    }

    /// How long a takeover may go on, in milliseconds: it ends with its time, not with its slot.
    fn left_of_takeover_ms(&mut self, item: usize, context: &PickContext<'_>) -> u64 {
        let closes_ms = context.at.and_then(|now| {
            let at = self.changes_at(item, now)?;
            Some(ms_until(now, at))
        });
        let triggered_ms = self.items[item].trigger.as_ref().and_then(|trigger| {
            let since_ms = context
                .around
                .facts
                .since_trigger_ms(&trigger.name, context.now)?;
            Some((u64::from(trigger.seconds) * 1_000).saturating_sub(since_ms))
        });
        let ends = [closes_ms, triggered_ms].into_iter().flatten();
        ends.min().unwrap_or(u64::MAX)
    }

    /// After how many milliseconds a takeover opens that does not wait for the end of a play.
    fn takeover_in_ms(&mut self, context: &PickContext<'_>, may_air: &[bool]) -> Option<u64> {
        let now = context.at?;
        let items = (0..self.items.len())
            .filter(|&item| self.items[item].takeover == Some(Takeover::Now) && !may_air[item]);
        let closed: Vec<usize> = items.collect();
        closed
            .into_iter()
            .filter_map(|item| self.changes_at(item, now))
            .min()
            .map(|at| ms_until(now, at))
    }

    /// When it may next change whether an item's time has come.
    fn changes_at(&mut self, item: usize, now: Timestamp) -> Option<Timestamp> {
        let campaign = self.items[item].campaign;
        let own = if self.items[item].dated {
            self.window(item, now).until
        } else {
            None
        };
        let flights = 0..self.campaigns[campaign].accounts.len();
        flights
            .filter_map(|phase| self.flight(campaign, phase, now).until)
            .chain(own)
            .min()
    }

    /// After how many milliseconds something could be eligible that is not.
    fn until_change_ms(&mut self, context: &PickContext<'_>) -> Option<u64> {
        let waits_ms = context
            .waits_ms
            .iter()
            .copied()
            .filter(|&wait_ms| wait_ms > 0);
        let is_capped = self
            .items
            .iter()
            .any(|item| item.per_hour.or(item.per_day).is_some());
        let hour_ms = context.at.filter(|_| is_capped).map(|now| {
            let local_s =
                now.as_second() + i64::from(self.rules.time_zone.to_offset(now).seconds());
            u64::try_from(3_600 - local_s.rem_euclid(3_600)).unwrap_or(3_600) * 1_000
        });
        let waits_ms = waits_ms.min();
        let edge_ms = context.at.and_then(|now| {
            let edges = (0..self.items.len()).filter_map(|item| self.changes_at(item, now));
            Some(ms_until(now, edges.min()?))
        });
        [waits_ms, hour_ms, edge_ms].into_iter().flatten().min()
    }
}

/// What has to be saved with a play besides the accounts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Booked {
    /// Ends of plays that others keep away from.
    pub ended: Vec<(SeparationKey, PlayEnd)>,
    /// The adaptive group that the play belongs to, and what of it aired.
    pub competed: Option<(ItemKey, ItemKey)>,
}

impl Booking {
    /// Notes that the play is on the screen, in another zone, at a moment that is asked about:
    /// others keep away from it.
    pub fn keep_away(&self, airings: &mut Airings, at: &Moment) {
        airings.note(&self.distance, at);
    }

    /// Books a play that was visible from `start` to `end`; `counted_ms` is what it counts for on
    /// the accounts.
    pub fn book(
        &self,
        rules: &Rules,
        history: &mut History,
        airings: &mut Airings,
        (start, end): (&Moment, &Moment),
        counted_ms: u64,
    ) -> Booked {
        let accounts = &mut history.accounts;
        for leg in &self.legs {
            accounts.book(leg.class, &leg.claims, leg.aired, counted_ms);
        }
        let (hour, day) = rules.spans(start, accounts.aired_ms());
        accounts.count(self.item, hour, day, 0);
        if let Some((group, place)) = self.group {
            accounts.count(group, hour, day, place);
        }
        if let Some(phase) = self.phase {
            accounts.count(phase, hour, day, 0);
        }
        accounts.pass(counted_ms);
        if let Some((group, key)) = &self.competes {
            history.groups.entry(group.clone()).or_default().book(key);
        }
        Booked {
            ended: airings.note(&self.distance, end),
            competed: self.competes.clone(),
        }
    }
}

fn ms_until(now: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond() - now.as_millisecond())
        .unwrap_or(0)
        .max(1)
}
