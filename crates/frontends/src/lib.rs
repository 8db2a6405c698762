//! Wire protocols to engine calls: the admin API and its client, publication, health and metrics.

pub mod admin;
pub mod model;
