//! Keeps finished frames without their codes in memory, since from play to play only the code
//! changes.
//!
//! Invariant: at most [`FRAMES_MAX`] frames and [`BYTES_MAX`] bytes; the least recently used one
//! goes first.

/// Most frames.
pub(crate) const FRAMES_MAX: usize = 8;
/// Most bytes of frames.
pub(crate) const BYTES_MAX: usize = 48 << 20;

/// Says how many bytes something takes.
pub(crate) trait Weigh {
    fn bytes(&self) -> usize;
}

/// A small cache, most recently used last.
pub(crate) struct Cache<K, V> {
    entries: Vec<(K, V)>,
}

impl<K: PartialEq, V: Weigh> Cache<K, V> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<&V> {
        let at = self.entries.iter().position(|(known, _)| known == key)?;
        self.entries[at..].rotate_left(1);
        self.entries.last().map(|(_, value)| value)
    }

    /// Keeps a value, unless it alone is past the limit.
    pub(crate) fn put(&mut self, key: K, value: V) {
        self.entries.retain(|(known, _)| *known != key);
        self.entries.push((key, value));
        while self.entries.len() > FRAMES_MAX || self.bytes() > BYTES_MAX {
            self.entries.remove(0);
        }
    }

    fn bytes(&self) -> usize {
        self.entries.iter().map(|(_, value)| value.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Load(usize);

    impl Weigh for Load {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn the_least_recently_used_frame_goes_first() {
        let mut cache = Cache::new();
        for key in 0..FRAMES_MAX {
            cache.put(key, Load(1));
        }
        assert!(cache.get(&0).is_some());
        cache.put(99, Load(1));
        assert!(cache.get(&0).is_some() && cache.get(&99).is_some());
        assert!(cache.get(&1).is_none());
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut cache = Cache::new();
        cache.put(0, Load(BYTES_MAX / 2));
        cache.put(1, Load(BYTES_MAX / 2 + 1));
        assert!(cache.get(&0).is_none() && cache.get(&1).is_some());
        cache.put(2, Load(BYTES_MAX + 1));
        assert!(cache.bytes() <= BYTES_MAX);
    }
}
