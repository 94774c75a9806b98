//! Requests at an even pace, whatever the hub does: each is timed from the moment at which it was
//! to be sent, so one that has to wait for a connection is as slow as it is for whoever waits.

use std::time::{Duration, Instant};

use crate::phone::Phone;

/// What is asked for.
pub(crate) struct Asked {
    /// How many in a second.
    pub(crate) a_second: u64,
    /// The number of the first.
    pub(crate) first: u64,
    /// The path of one by its number.
    pub(crate) path: fn(u64) -> String,
    /// The address of the first visitor; each is somebody else.
    pub(crate) first_visitor: u32,
    /// What they are to be answered with.
    pub(crate) status: u16,
}

/// What came of it.
pub(crate) struct Answered {
    /// How many were answered in a second.
    pub(crate) a_second: f64,
    /// Those with another answer than they were to have, or none.
    pub(crate) others: u64,
    /// How long each took, in order.
    times: Vec<Duration>,
}

impl Answered {
    /// What so many in a hundred took at most, in milliseconds.
    pub(crate) fn ms(&self, percent: usize) -> f64 {
        let at = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        let time = self.times.get(at).copied().unwrap_or_default();
        time.as_secs_f64() * 1e3
    }
}

/// Asks for so many seconds by so many phones.
pub(crate) fn run(
    url: &str,
    asked: &Asked,
    phones: u64,
    seconds: u64,
    begins: Instant,
) -> Answered {
    let all = asked.a_second * seconds;
    let of_phones: Vec<(Vec<Duration>, u64)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..phones)
            .map(|phone| scope.spawn(move || one(url, asked, (phone, phones), all, begins)))
            .collect();
        let joined = running.into_iter().map(|running| running.join());
        joined.map(|of| of.expect("asks")).collect()
    });
    let took = begins.elapsed().as_secs_f64();
    let others = of_phones.iter().map(|(_, others)| others).sum();
    let mut times: Vec<Duration> = of_phones.into_iter().flat_map(|(times, _)| times).collect();
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let a_second = times.len() as f64 / took;
    Answered {
        a_second,
        others,
        times,
    }
}

/// What one of some phones asks for.
fn one(
    url: &str,
    asked: &Asked,
    (phone, phones): (u64, u64),
    all: u64,
    begins: Instant,
) -> (Vec<Duration>, u64) {
    let (mut connection, mut times, mut others) = (Phone::new(url), Vec::new(), 0);
    let mut number = phone;
    while number < all {
        let due = begins + Duration::from_micros(number * 1_000_000 / asked.a_second.max(1));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let of = asked.first + number;
        let visitor = asked.first_visitor + u32::try_from(of).expect("fewer visitors");
        match connection.get(&(asked.path)(of), visitor) {
            Ok(status) if status == asked.status => times.push(due.elapsed()),
            Ok(_) => others += 1,
            Err(_) => {
                others += 1;
                connection = Phone::new(url);
            }
        }
        number += phones;
    }
    (times, others)
}
