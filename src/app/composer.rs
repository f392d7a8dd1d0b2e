//! What composes replies, as the settings want it.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::engine::open_engine;
use crate::assistant::compose::{Composer, Free, Writer};
use crate::config::{AnswerStyle, Settings};
use crate::inference::{Chooser, Class, ModelRole, ModelStore, ScoreSentences};

/// The adapter that was trained to choose sentences (`models/reader/README.md`).
const CHOOSER: &[u8] = include_bytes!("../../models/reader/chooser.safetensors");

/// Loads the model that judges sentences and the one that writes, as far as they are wanted.
pub async fn open_composer(settings: &Settings, models: &ModelStore) -> anyhow::Result<Composer> {
    let answers = &settings.answers;
    if answers.style == AnswerStyle::Stored {
        return Ok(Composer::default());
    }
    let chooser = open_chooser(settings, models).await?;
    let is_missing = settings.engine.enabled && !models.path_in(settings.models.profile.parse()?, ModelRole::Language).is_file();
    // A file that is not there costs the model's opinion and nothing else; one that is there and cannot be used is for the shop to know.
    let engine = if is_missing && settings.engine.url.is_empty() { None } else { open_engine(settings, models).await? };
    let deadline = Duration::from_millis(answers.deadline_ms);
    let writer = engine.map(|engine| Writer { engine, deadline, class: Class::Shopper });
    let free = (answers.style == AnswerStyle::Rewrite).then_some(Free { max_tokens: answers.rewrite_tokens });
    Ok(Composer { chooser, writer, free })
}

/// The model that judges which sentences of an answer are said.
pub async fn open_chooser(settings: &Settings, models: &ModelStore) -> anyhow::Result<Option<Arc<dyn ScoreSentences>>> {
    let Some(adapter) = adapter(&settings.models.chooser, CHOOSER, "models.chooser")? else { return Ok(None) };
    let weights = models.path(ModelRole::EmbeddingWeights);
    let tokenizer = models.path(ModelRole::EmbeddingTokenizer);
    let chooser = tokio::task::spawn_blocking(move || Chooser::load(&weights, &tokenizer, &adapter)).await??;
    Ok(Some(Arc::new(chooser)))
}

/// An adapter of the sentence model: the program's own, the file that a setting names, or none.
pub fn adapter(path: &Path, own: &'static [u8], setting: &str) -> anyhow::Result<Option<Cow<'static, [u8]>>> {
    if path.as_os_str().is_empty() {
        return Ok(Some(Cow::Borrowed(own)));
    }
    if path.as_os_str() == "none" {
        return Ok(None);
    }
    let read = std::fs::read(path).with_context(|| format!("cannot read the adapter {} ({setting})", path.display()));
    read.map(|bytes| Some(Cow::Owned(bytes)))
}
