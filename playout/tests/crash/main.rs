//! Power cuts: what a real writer did, as strace saw it, is played through a model of a disk that
//! keeps nothing but what was synced, and cut off at thousands of places. PASSERBY_CRASH_POINTS
//! sets how many, PASSERBY_SEED other ones.

mod credentials;
mod disk;
mod ledger;
mod points;
mod promise;
mod random;
mod trace;
mod writing;
