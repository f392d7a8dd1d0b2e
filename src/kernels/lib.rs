//! Nightdesk's arithmetic: what the models spend their time on, written once for every processor.
//!
//! - [`Isa`]: the vector instructions at hand, found at run time.
//! - [`Matrix`]: weights packed in tiles, [`Stack`] several below each other; [`Activations`]: rows rounded to bytes; [`multiply`]: their product.
//! - [`Cache`]: keys and values of one sequence; [`attention`]: what queries make of them.
//! - [`Machine`]: instructions and threads of a pass; [`Memory`]: mapped files.
//!
//! All `unsafe` of the program is in this crate: vector instructions, memory that threads share by construction, and mapped files. Every kernel
//! is one generic function over a trait of vector instructions; its portable instance is the twin that tests hold the others to.

mod activations;
#[cfg(target_arch = "x86_64")]
mod amx;
pub mod attention;
mod cache;
mod isa;
mod machine;
pub mod matrix;
mod memory;
mod product;
pub mod rows;
mod shared;
mod simd;
mod team;

pub use activations::{Activations, Precision, Source};
pub use cache::{Cache, CacheShape};
pub use isa::Isa;
pub use machine::Machine;
pub use matrix::{Block, Format, Layout, Matrix, Stack};
pub use memory::Memory;
pub use product::{Begin, multiply};

#[cfg(test)]
mod tests;
