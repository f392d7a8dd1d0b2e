//! What a measurement opens: the encoder, searches over knowledge that need not be the shop's own, and the rule by which the bot would answer.

use std::path::Path;
use std::sync::Arc;

use super::calibrate::{Calibrator, limit_of, set_threshold};
use super::composer::open_composer;
use super::indexing::Watched;
use super::open::{fetch_models, reader_adapter};
use crate::assistant::compose::Composer;
use crate::confidence::{Origin, Rule};
use crate::config::Settings;
use crate::evaluation::rehearsal::{self, Step};
use crate::evaluation::teaching::{self, Taught};
use crate::inference::{Embed, Encoders, ModelRole};
use crate::knowledge::Knowledge;
use crate::retrieval::{Retriever, Stages};

/// Loads the encoder of the settings, fetching it where it is missing.
pub async fn open_encoder(settings: &Settings) -> anyhow::Result<Arc<dyn Embed>> {
    let models = fetch_models(settings).await?;
    let (weights, tokenizer) = (models.path(ModelRole::EmbeddingWeights), models.path(ModelRole::EmbeddingTokenizer));
    let adapter = reader_adapter(settings)?;
    let loaded = tokio::task::spawn_blocking(move || Encoders::load(&weights, &tokenizer, adapter.as_deref()));
    Ok(Arc::new(loaded.await??))
}

/// Opens what composes replies as the settings want it, fetching models where they are missing.
pub async fn open_composer_for_measuring(settings: &Settings) -> anyhow::Result<Composer> {
    let models = fetch_models(settings).await?;
    open_composer(settings, &models).await
}

/// Indexes knowledge as the server does, and shows how far it is. Blocks.
pub fn open_search(knowledge: Arc<Knowledge>, encoder: &Arc<dyn Embed>, cache: Option<&Path>, stages: Stages) -> anyhow::Result<Retriever> {
    let bar = Watched::bar();
    let watched = Watched::new(Arc::clone(encoder), bar.clone());
    let opened = Retriever::open(knowledge, Arc::new(watched), cache);
    bar.finish_and_clear();
    Ok(opened?.with_stages(stages))
}

/// The rule of the shop as the server has it, and whether it was derived from the very questions of this file. It is derived first if the server has not
/// done that yet. Blocks.
pub fn live_rule(settings: &Settings, retriever: Arc<Retriever>, questions: &Path) -> (Rule, bool) {
    let calibrator = Calibrator::new(settings, retriever);
    calibrator.bring_up_to_date();
    let same = || std::fs::read(calibrator.questions()).ok() == std::fs::read(questions).ok();
    let rule = **calibrator.rule().load();
    (rule, matches!(rule.calibration.origin(), Origin::Labelled { .. }) && same())
}

/// The rule of a knowledge base that has nothing but itself to learn from; from then on its search weighs the signals as it learned. Blocks.
pub fn rehearsed_rule(settings: &Settings, retriever: &Retriever, progress: &dyn Fn(Step)) -> anyhow::Result<Rule> {
    let rehearsal = rehearsal::rehearse(retriever, progress)?;
    let Taught { correction, rule } = teaching::learn(&rehearsal, limit_of(&settings.answers));
    retriever.correct(correction);
    Ok(set_threshold(&settings.answers).map_or(rule, |threshold| rule.with_threshold(threshold)))
}

/// The rule that the program comes with.
pub fn shipped_rule(settings: &Settings) -> Rule {
    let rule = Rule::shipped(limit_of(&settings.answers));
    set_threshold(&settings.answers).map_or(rule, |threshold| rule.with_threshold(threshold))
}
