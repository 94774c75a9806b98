//! Tries [`passerby_fuzz::token`]; what must hold stands there.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| passerby_fuzz::token::run(bytes));
