//! What every port may answer instead of a result.

/// Why the store did not do it. The text names what to do; it is for the log, never for a shopper.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Busy or away for the moment; the same call may work later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// No space left, or not writable.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// The file is not what it should be.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A defect of ours.
    #[error("the database refused a statement: {0}")]
    Internal(String),
}
