//! One opening of a code, and what becomes of it.

use std::sync::Arc;

use passerby_protocol::token::TokenContents;

use crate::scans::visitor::{Grade, Visitor};
use crate::store::landed::Landed;

/// One opening of a verified token.
#[derive(Debug, Clone)]
pub struct Scan {
    /// What the token says.
    pub contents: TokenContents,
    /// What that stands for.
    pub landed: Arc<Landed>,
    /// Who opened it.
    pub visitor: Visitor,
    /// With what.
    pub grade: Grade,
    /// Whether the visitor's network has brought more new scans than a crowd does.
    pub is_crowded: bool,
    /// Whether it leads to a page, and so to a link that can be passed on.
    pub begins_chain: bool,
    /// For how many days after it was on a screen a code is accepted.
    pub code_days: i64,
    /// When it was opened.
    pub opened_ms: i64,
}

/// What became of an opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The code is too old; there is no row.
    Expired,
    /// It counts for nothing, and its play has all the rows that are kept of one; there is no row.
    Full,
    /// It has a row.
    Kept {
        /// The link that begins its chain; `None` when no chain was asked for.
        link: Option<String>,
        /// The row, when the same visitor had opened the code before. The repeat is not yet counted
        /// there.
        again: Option<i64>,
    },
}
