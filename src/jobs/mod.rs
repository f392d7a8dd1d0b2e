//! Work beside the requests.

pub mod reload;
