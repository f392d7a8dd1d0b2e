//! Which language model answers: the one of this process, one on a server, or both.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{self, Settings};
use crate::inference::{Engine, EngineOptions, Fallback, Generate, ModelRole, ModelStore, Remote, RemoteOptions};

/// The model that the settings name; `None` where they name none.
pub async fn open_engine(settings: &Settings, models: &ModelStore) -> anyhow::Result<Option<Arc<dyn Generate>>> {
    let engine = &settings.engine;
    let local = if engine.enabled {
        let path = models.path_in(settings.models.profile.parse()?, ModelRole::Language);
        Some(load_engine(path, options(engine)).await?)
    } else {
        None
    };
    if engine.url.is_empty() {
        return Ok(local);
    }
    let (url, key, model) = (engine.url.clone(), engine.api_key.given().cloned(), engine.model.clone());
    let remote = Remote::new(RemoteOptions { url, key, model, queue: engine.queue })?;
    Ok(Some(Arc::new(Fallback::new(remote, local))))
}

/// How the settings want the model of this process.
pub fn options(engine: &config::settings::Engine) -> EngineOptions {
    EngineOptions { queue: engine.queue, context: engine.context }
}

/// Loads a model file, which takes a second or two of arithmetic.
pub async fn load_engine(path: PathBuf, options: EngineOptions) -> anyhow::Result<Arc<dyn Generate>> {
    let engine = tokio::task::spawn_blocking(move || Engine::load(&path, options)).await??;
    Ok(Arc::new(engine))
}
