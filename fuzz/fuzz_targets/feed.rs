//! Tries [`passerby_fuzz::feed`]; what must hold stands there.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| passerby_fuzz::feed::run(bytes));
