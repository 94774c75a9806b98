//! The hub as a whole: the real program, real HTTP over loopback, real pictures, real SQLite; and
//! once more, but for [`on_a_file`], as `hub_on_postgres`, a real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod abuse;
mod acme;
mod agents;
mod alerts;
mod backups;
mod blobs;
mod changes;
mod console;
mod content;
mod conversions;
mod device_keys;
mod encrypted;
mod enrolment;
mod event_hooks;
mod films;
mod folders;
mod followers;
mod frames;
mod grades;
mod landing;
mod limits;
mod link_tails;
mod looked_at;
mod lost_databases;
mod moments;
mod monitoring;
mod networks;
mod on_a_file;
mod plays;
mod previews;
mod previews_in_store;
mod processes;
mod prune;
mod report;
mod scans;
mod shops;
mod sources;
mod stand;
mod startup;
mod tallies;
mod test_certificates;
mod thumbnails;
mod token_keys;
mod verdicts;
mod voices;
