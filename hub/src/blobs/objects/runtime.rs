//! The threads that drive the connections to a store for those who wait for it.

use tokio::runtime::{Builder, Runtime};

/// A runtime of its own. It ends without waiting, so also where waiting is not allowed: on a thread
/// of another runtime.
#[derive(Debug)]
pub(super) struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    /// Starts one thread: connections must go on also while nobody waits for them.
    pub(super) fn new() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("blobs")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Waits for a piece of work, on a thread that may.
    pub(super) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.0
            .as_ref()
            .expect("a runtime is there until it is dropped")
            .block_on(work)
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
