//! What entries said.

use async_trait::async_trait;
use sqlx::FromRow;

use super::Backend;
use super::codes::time_of;
use super::error::store_error;
use crate::conversation::{EntryVersion, EntryVersions};
use crate::support::StoreError;

statements! {
    KEEP = "INSERT INTO entry_versions (version, entry_id, question, answer, seen_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (version) DO NOTHING";
    VERSION = "SELECT version, entry_id, question, answer, seen_at FROM entry_versions WHERE version = $1";
}

#[derive(FromRow)]
struct VersionRow {
    version: String,
    entry_id: String,
    question: String,
    answer: String,
    seen_at: i64,
}

impl VersionRow {
    fn version(self) -> Result<EntryVersion, StoreError> {
        let Self { version, entry_id, question, answer, seen_at } = self;
        Ok(EntryVersion { version, entry_id, question, answer, seen_at: time_of(seen_at)? })
    }
}

#[async_trait]
impl EntryVersions for Backend {
    async fn keep_versions(&self, versions: &[EntryVersion]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for kept in versions {
            sqlx::query(KEEP)
                .bind(&kept.version)
                .bind(&kept.entry_id)
                .bind(&kept.question)
                .bind(&kept.answer)
                .bind(kept.seen_at.as_microsecond())
                .execute(&mut *tx)
                .await
                .map_err(store_error)?;
        }
        tx.commit().await.map_err(store_error)
    }

    async fn entry_version(&self, version: &str) -> Result<Option<EntryVersion>, StoreError> {
        let query = sqlx::query_as::<_, VersionRow>(VERSION).bind(version);
        query.fetch_optional(self.readers()).await.map_err(store_error)?.map(VersionRow::version).transpose()
    }
}
