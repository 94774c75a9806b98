//! Hostile hubs and hostile networks: raw sockets on loopback that answer whatever hurts. Each call
//! ends within the time that it was given, memory stays small, and nothing of it is believed or
//! kept.

mod bodies;
mod counting;
mod portals;
mod server;
