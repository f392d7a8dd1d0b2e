//! Encoders: sentences in, vectors out.

pub mod bert;
pub mod embed;
pub mod read;
pub mod table;
