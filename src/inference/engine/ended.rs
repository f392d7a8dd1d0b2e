//! Why a sequence ended.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::inference::error::InferenceError;

/// Why a sequence ended.
#[derive(Debug)]
pub enum Ended {
    /// Everything was said.
    Done,
    /// Nobody listens any more.
    Cancelled,
    /// The caller is told.
    Fault(InferenceError),
}

impl From<InferenceError> for Ended {
    fn from(fault: InferenceError) -> Self {
        Self::Fault(fault)
    }
}

/// What the metrics call a fault.
pub fn reason(fault: &InferenceError) -> &'static str {
    match fault {
        InferenceError::DeadlinePassed { .. } => "deadline",
        InferenceError::PromptTooLong { .. } => "too_long",
        InferenceError::ShuttingDown => "shutdown",
        _ => "failed",
    }
}

/// Does something that may panic; a panic becomes a fault, whosesoever code it was.
pub fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, InferenceError> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| {
        let fault = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let fault = fault.unwrap_or_else(|| "a step panicked".to_owned());
        tracing::error!(%fault, "a request of the language model panicked; the engine goes on");
        InferenceError::Failed { fault }
    })
}
