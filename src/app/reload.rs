//! Taking an edited knowledge base into a running server.

use std::path::Path;
use std::sync::Arc;

use super::calibrate::Calibrator;
use crate::knowledge;
use crate::retrieval::Retriever;

/// Takes in what was edited: the entries at once, then the calibration that belongs to them.
pub fn reload(folder: &Path, retriever: &Retriever, calibrator: &Calibrator) {
    replace(folder, retriever);
    calibrator.bring_up_to_date();
}

/// Reads the folder again and swaps the index, unless nothing an answer depends on has changed. A broken file keeps the old version: the log says
/// which line is wrong.
fn replace(folder: &Path, retriever: &Retriever) {
    let fresh = match knowledge::load(folder) {
        Ok(fresh) if fresh.hash == retriever.knowledge().hash => return,
        Ok(fresh) => Arc::new(fresh),
        Err(fault) => {
            metrics::counter!("nightdesk_knowledge_reloads_total", "outcome" => "refused").increment(1);
            tracing::warn!(error.message = %fault, "the knowledge base was edited but cannot be used; the version before it stays");
            return;
        }
    };
    let entries = fresh.entries.len();
    match retriever.replace(fresh) {
        Ok(()) => {
            metrics::counter!("nightdesk_knowledge_reloads_total", "outcome" => "taken").increment(1);
            tracing::info!(knowledge.entries = entries, "the edited knowledge base is in use");
        }
        Err(fault) => {
            tracing::error!(error.message = %fault, "the edited knowledge base could not be indexed; the version before it stays")
        }
    }
}
