//! What entries said when messages were taken from them.

use async_trait::async_trait;

use crate::support::{StoreError, Timestamp};

/// An entry as it was in use once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryVersion {
    /// The hash of its question and answer, as statements name it.
    pub version: String,
    /// The entry's id when that was first in use.
    pub entry_id: String,
    /// Its question.
    pub question: String,
    /// Its answer, of which statements cut characters.
    pub answer: String,
    /// When that was first in use.
    pub seen_at: Timestamp,
}

/// The store of what entries said. A version is kept before a message can name it, and never changes.
#[async_trait]
pub trait EntryVersions: Send + Sync {
    /// Keeps those that are not kept yet.
    async fn keep_versions(&self, versions: &[EntryVersion]) -> Result<(), StoreError>;

    /// The version of that name; `None` where it was never in use.
    async fn entry_version(&self, version: &str) -> Result<Option<EntryVersion>, StoreError>;
}
