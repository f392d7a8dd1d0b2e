//! What a delivery says is written elsewhere: the shapes are those of the API.

use async_trait::async_trait;

use crate::conversation::{Delivery, Event};
use crate::support::StoreError;

/// Writes the body of a delivery, at each try anew: what was erased meanwhile is not sent.
#[async_trait]
pub trait Render: Send + Sync {
    /// JSON, `event` being what the delivery is about where that stands in the log; `None` when there is nothing to tell any more.
    async fn body(&self, delivery: &Delivery, event: Option<&Event>) -> Result<Option<String>, StoreError>;
}
