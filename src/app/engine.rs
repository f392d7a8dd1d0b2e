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
        Some(load_engine(path, adapter(engine), options(engine)).await?)
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
    EngineOptions { sequences: engine.sequences, threads: engine.threads, ..EngineOptions::new(engine.queue, engine.context) }
}

/// The adapter that the settings name for it.
pub fn adapter(engine: &config::settings::Engine) -> Option<PathBuf> {
    (!engine.adapter.as_os_str().is_empty()).then(|| engine.adapter.clone())
}

/// Loads a model file: arithmetic of a second or more the first time, a look at a mapped file later.
pub async fn load_engine(path: PathBuf, adapter: Option<PathBuf>, options: EngineOptions) -> anyhow::Result<Arc<dyn Generate>> {
    let engine = tokio::task::spawn_blocking(move || Engine::load(&path, adapter.as_deref(), options)).await??;
    Ok(Arc::new(engine))
}
