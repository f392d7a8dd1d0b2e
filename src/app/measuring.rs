//! What a measurement opens: the encoder, and searches over knowledge that need not be the shop's own.

use std::path::Path;
use std::sync::Arc;

use super::indexing::Watched;
use super::open::fetch_models;
use crate::config::Settings;
use crate::inference::{Embed, Embedder, ModelRole};
use crate::knowledge::Knowledge;
use crate::retrieval::{Retriever, Stages};

/// Loads the encoder of the settings, fetching it where it is missing.
pub async fn open_encoder(settings: &Settings) -> anyhow::Result<Arc<dyn Embed>> {
    let models = fetch_models(settings).await?;
    let (weights, tokenizer) = (models.path(ModelRole::EmbeddingWeights), models.path(ModelRole::EmbeddingTokenizer));
    let loaded = tokio::task::spawn_blocking(move || Embedder::load(&weights, &tokenizer));
    Ok(Arc::new(loaded.await??))
}

/// Indexes knowledge as the server does, and shows how far it is. Blocks.
pub fn open_search(knowledge: Arc<Knowledge>, encoder: &Arc<dyn Embed>, cache: Option<&Path>, stages: Stages) -> anyhow::Result<Retriever> {
    let bar = Watched::bar();
    let watched = Watched::new(Arc::clone(encoder), bar.clone());
    let opened = Retriever::open(knowledge, Arc::new(watched), cache);
    bar.finish_and_clear();
    Ok(opened?.with_stages(stages))
}
