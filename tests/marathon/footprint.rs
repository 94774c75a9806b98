//! What this process holds: memory, open files, threads, children, and what lies on the GPU.

use std::fmt;

use passerby::stage::Holdings;

/// A count of what the process holds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Footprint {
    resident_kib: u64,
    /// Each with its name.
    counts: [(&'static str, usize); 6],
}

impl Footprint {
    pub(crate) fn now(on_gpu: Holdings) -> Self {
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
        let files = std::fs::read_dir("/proc/self/fd").expect("reads").count();
        Self {
            resident_kib,
            counts: [
                ("files", files),
                ("threads", tasks.len()),
                ("children", children),
                ("textures", on_gpu.textures),
                ("buffers", on_gpu.buffers),
                ("bind groups", on_gpu.bind_groups),
            ],
        }
    }

    /// The least of each.
    pub(crate) fn least(&self, other: &Self) -> Self {
        let mut least = self.clone();
        least.resident_kib = self.resident_kib.min(other.resident_kib);
        for ((_, count), (_, others)) in least.counts.iter_mut().zip(other.counts) {
            *count = others.min(*count);
        }
        least
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
        for ((what, now), (_, then)) in self.counts.iter().zip(earlier.counts) {
            if *now > then {
                return Err(format!("{then} {what} have become {now}"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB resident", self.resident_kib)?;
        self.counts
            .iter()
            .try_for_each(|(what, count)| write!(f, ", {count} {what}"))
    }
}
