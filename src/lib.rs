//! passerby
