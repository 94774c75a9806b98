//! What this process holds: memory, open files, threads, children.

use std::fmt;

/// A count of what the process holds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Footprint {
    resident_kib: u64,
    files: usize,
    threads: usize,
    children: usize,
}

impl Footprint {
    pub(crate) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("reads");
        let resident_kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .expect("VmRSS");
        let tasks: Vec<_> = std::fs::read_dir("/proc/self/task")
            .expect("reads")
            .flatten()
            .map(|task| task.path())
            .collect();
        let children = tasks
            .iter()
            .filter_map(|task| std::fs::read_to_string(task.join("children")).ok())
            .map(|list| list.split_whitespace().count())
            .sum();
        Self {
            resident_kib,
            files: std::fs::read_dir("/proc/self/fd").expect("reads").count(),
            threads: tasks.len(),
            children,
        }
    }

    /// The least of each.
    pub(crate) fn least(&self, other: &Self) -> Self {
        Self {
            resident_kib: self.resident_kib.min(other.resident_kib),
            files: self.files.min(other.files),
            threads: self.threads.min(other.threads),
            children: self.children.min(other.children),
        }
    }

    /// Says what has grown, memory by more than `growth_kib_max`.
    pub(crate) fn has_not_grown_since(
        &self,
        earlier: &Self,
        growth_kib_max: u64,
    ) -> Result<(), String> {
        let grown = self.resident_kib.saturating_sub(earlier.resident_kib);
        if grown > growth_kib_max {
            return Err(format!("resident memory has grown by {grown} KiB"));
        }
        for (what, now, then) in [
            ("files", self.files, earlier.files),
            ("threads", self.threads, earlier.threads),
            ("children", self.children, earlier.children),
        ] {
            if now > then {
                return Err(format!("{then} {what} have become {now}"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} KiB resident, {} files, {} threads, {} children",
            self.resident_kib, self.files, self.threads, self.children
        )
    }
}
