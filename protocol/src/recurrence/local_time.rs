//! A date or a time as a venue's own clock and calendar show it.
//!
//! Invariant: it says nothing of a zone or an offset, and has whole seconds.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

use crate::bounded;

/// A date, or a date and time, of the venue's own clock and calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub enum LocalTime {
    /// A whole day.
    Date(Date),
    /// A time of a day, in whole seconds.
    DateTime(DateTime),
}

/// Says that a text is neither a date nor a date and time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalTimeError {
    /// It is something else.
    #[error("not a date or time of the calendar")]
    NotATime,
    /// It says how far it is from UTC, which only the venue knows.
    #[error("it has an offset, but times are the venue's own")]
    Offset,
    /// It has parts of a second.
    #[error("it has parts of a second")]
    Fraction,
}

impl LocalTime {
    /// The time itself; of a date, its midnight.
    pub fn datetime(self) -> DateTime {
        match self {
            Self::Date(date) => date.to_datetime(Time::midnight()),
            Self::DateTime(datetime) => datetime,
        }
    }
}

impl FromStr for LocalTime {
    type Err = LocalTimeError;

    fn from_str(text: &str) -> Result<Self, LocalTimeError> {
        let Some((date, time)) = text.split_once(['T', 't', ' ']) else {
            let date = text.parse().map_err(|_| LocalTimeError::NotATime)?;
            return Ok(Self::Date(date));
        };
        if time.contains(['Z', 'z', '+', '-']) {
            return Err(LocalTimeError::Offset);
        }
        let date: Date = date.parse().map_err(|_| LocalTimeError::NotATime)?;
        let time: Time = time.parse().map_err(|_| LocalTimeError::NotATime)?;
        if time.subsec_nanosecond() != 0 {
            return Err(LocalTimeError::Fraction);
        }
        Ok(Self::DateTime(date.to_datetime(time)))
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => date.fmt(f),
            Self::DateTime(datetime) => datetime.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded::value(deserializer)
    }
}

impl From<LocalTime> for String {
    fn from(time: LocalTime) -> String {
        time.to_string()
    }
}
