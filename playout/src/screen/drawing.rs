//! What draws, as the operator wants it.

/// What draws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Drawing {
    /// The GPU where there is one, else the processor.
    #[default]
    Auto,
    /// The GPU, or whatever its driver says is one.
    Gpu,
    /// The processor, without any driver.
    Cpu,
}

impl Drawing {
    /// As `kiosk.toml` names them.
    pub const WORDS: [(&str, Self); 3] =
        [("auto", Self::Auto), ("gpu", Self::Gpu), ("cpu", Self::Cpu)];
}
