//! What can go wrong in inference.

use std::path::PathBuf;

/// A model that cannot be loaded, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// A model file that is not there or cannot be read.
    #[error("cannot read the model file {}: {source}; run `nightdesk models fetch`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that is cut off or holds something else.
    #[error("the model file {} is damaged or not of the expected kind ({reason}); run `nightdesk models verify`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A forward pass that failed.
    #[error("the model could not compute its result: {0}")]
    Compute(String),
}
