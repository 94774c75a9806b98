//! What went wrong lately, for the operator to read.
//!
//! Invariants: a problem that repeats is logged once; at most [`PROBLEMS_MAX`] are kept, the newest
//! last.

use std::collections::VecDeque;

use passerby_protocol::foreign;

/// Most problems that are kept.
const PROBLEMS_MAX: usize = 20;

/// What went wrong lately.
#[derive(Debug, Default)]
pub(super) struct ProblemLog {
    problems: VecDeque<String>,
}

impl ProblemLog {
    /// Logs a problem and keeps it; one that repeats is logged once.
    /// Names of files in it are whatever somebody called them.
    pub(super) fn report(&mut self, problem: String) {
        let problem = if foreign::has_hidden(&problem) {
            foreign::one_line(&problem, problem.len())
        } else {
            problem
        };
        if self.problems.contains(&problem) {
            return;
        }
        tracing::warn!("{problem}");
        if self.problems.len() == PROBLEMS_MAX {
            self.problems.pop_front();
        }
        self.problems.push_back(problem);
    }

    /// Logs a problem and keeps it as the newest one, though it was reported before: something new
    /// has it too.
    pub(super) fn report_anew(&mut self, problem: String) {
        let plain = foreign::plain(&problem);
        self.problems.retain(|known| *known != plain);
        self.report(problem);
    }

    pub(super) fn problems(&self) -> Vec<String> {
        self.problems.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_that_repeats_is_told_once_and_the_list_is_bounded() {
        let mut log = ProblemLog::default();
        for at in 0..50 {
            log.report(format!("problem {}", at / 2));
        }
        assert_eq!(log.problems().len(), PROBLEMS_MAX);
        assert_eq!(
            log.problems().last().map(String::as_str),
            Some("problem 24")
        );
    }

    #[test]
    fn a_problem_that_something_new_has_too_is_told_anew() {
        let mut log = ProblemLog::default();
        for problem in ["no text", "other", "\u{202e}gnp.a: bad"] {
            log.report(problem.to_owned());
        }
        log.report_anew("\u{202e}gnp.a: bad".to_owned());
        log.report_anew("no text".to_owned());
        assert_eq!(log.problems(), ["other", "gnp.a: bad", "no text"]);
    }
}
