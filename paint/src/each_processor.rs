//! Functions that are compiled twice: for what every processor of this kind has, and for those that
//! have twice as wide vectors.
//!
//! Invariant: both do the same steps, so that every processor paints the same picture.

/// Defines a function without a result whose loops use AVX2 where there is one. What it calls
/// should be inlined; the rest stays as it is compiled for every processor.
macro_rules! for_each_processor {
    ($(#[$attribute:meta])* $visible:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$attribute])*
        $visible fn $name($($arg: $type),*) {
            #[inline(always)]
            fn on_any($($arg: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn with_avx2($($arg: $type),*) {
                on_any($($arg),*);
            }

            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                #[allow(unsafe_code, reason = "only a look at the processor tells whether it may be called")]
                // SAFETY: this processor has AVX2, as was just asked.
                unsafe {
                    with_avx2($($arg),*);
                }
                return;
            }
            on_any($($arg),*);
        }
    };
}

pub(crate) use for_each_processor;
