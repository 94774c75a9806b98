//! Tries [`passerby_fuzz::changes`]; what must hold stands there.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| passerby_fuzz::changes::run(bytes));
