//! Encoders: sentences in, vectors out.

pub mod bert;
pub mod choose;
pub mod embed;
pub mod read;
pub mod table;
