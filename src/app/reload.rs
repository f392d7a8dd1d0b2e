//! Taking an edited knowledge base into a running server.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::calibrate::Calibrator;
use crate::conversation::{EntryVersion, EntryVersions};
use crate::knowledge::{self, Knowledge};
use crate::retrieval::Retriever;
use crate::support::{Clock, StoreError, Timestamp};

/// Keeps what the entries say, so that messages can be checked against it whatever becomes of them.
pub async fn keep_versions(versions: &dyn EntryVersions, knowledge: &Knowledge, at: Timestamp) -> Result<(), StoreError> {
    let of_entry = |entry: &knowledge::Entry| EntryVersion {
        version: entry.version(),
        entry_id: entry.id.as_str().to_owned(),
        question: entry.question.clone(),
        answer: entry.answer.clone(),
        seen_at: at,
    };
    let all: Vec<EntryVersion> = knowledge.entries.iter().map(|entry| of_entry(entry)).collect();
    versions.keep_versions(&all).await
}

/// What a reload works on.
pub struct Reload {
    /// Where the entries are.
    pub folder: PathBuf,
    /// What searches them.
    pub retriever: Arc<Retriever>,
    /// What belongs to them.
    pub calibrator: Arc<Calibrator>,
    /// Where what they say is kept.
    pub versions: Arc<dyn EntryVersions>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the store does its work.
    pub runtime: Handle,
}

impl Reload {
    /// Takes in what was edited: the entries at once, then the calibration that belongs to them. Blocks for as long as that takes, so it is called
    /// from a thread of its own.
    pub fn run(&self) {
        self.replace();
        self.calibrator.bring_up_to_date();
    }

    /// Reads the folder again and swaps the index, unless nothing an answer depends on has changed. A broken file keeps the old version: the log says
    /// which line is wrong.
    fn replace(&self) {
        let fresh = match knowledge::load(&self.folder) {
            Ok(fresh) if fresh.hash == self.retriever.knowledge().hash => return,
            Ok(fresh) => Arc::new(fresh),
            Err(fault) => {
                metrics::counter!("nightdesk_knowledge_reloads_total", "outcome" => "refused").increment(1);
                tracing::warn!(error.message = %fault, "the knowledge base was edited but cannot be used; the version before it stays");
                return;
            }
        };
        // Before a reply can name them.
        if let Err(fault) = self.runtime.block_on(keep_versions(self.versions.as_ref(), &fresh, self.clock.now())) {
            metrics::counter!("nightdesk_knowledge_reloads_total", "outcome" => "refused").increment(1);
            tracing::error!(
                error.message = %fault,
                "what the edited entries say could not be kept, so the version before it stays; save a file of it again when the database is back"
            );
            return;
        }
        let entries = fresh.entries.len();
        match self.retriever.replace(fresh) {
            Ok(()) => {
                metrics::counter!("nightdesk_knowledge_reloads_total", "outcome" => "taken").increment(1);
                tracing::info!(knowledge.entries = entries, "the edited knowledge base is in use");
            }
            Err(fault) => {
                tracing::error!(error.message = %fault, "the edited knowledge base could not be indexed; the version before it stays")
            }
        }
    }
}
