//! Clock, identifiers, secrets and text. Imports nothing of ours; the only room that reads the wall clock or randomness.

pub mod clock;
pub mod ids;
pub mod store_error;
pub mod text;

pub use clock::{Clock, SystemClock, Timestamp};
pub use ids::Ids;
pub use store_error::StoreError;
