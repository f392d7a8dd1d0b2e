//! Opening the rooms: from settings to a bot that answers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::calibrate::Calibrator;
use super::composer::{adapter, open_composer};
use super::demo;
use super::desk;
use super::indexing::Watched;
use super::office::office;
use crate::assistant::compose::{Composer, Writer};
use crate::assistant::copilot::{Copilot, CopilotParts};
use crate::assistant::{Responder, ResponderParts};
use crate::config::Settings;
use crate::desk::{Reception, ReceptionParts};
use crate::inference::{Class, Encoders, ModelRole, ModelStore, Terminal};
use crate::knowledge;
use crate::prompt::Prompts;
use crate::retrieval::Retriever;
use crate::store::{self, Place, Store};
use crate::support::{Clock, Ids, SystemClock};

/// The adapter that was trained on shops (`models/reader/README.md`).
const READER: &[u8] = include_bytes!("../../models/reader/reader.safetensors");

/// How long an agent who opens a ticket waits for the language model to choose what stands in the summary.
const AGENT_PATIENCE: Duration = Duration::from_secs(3);

/// Everything that a command may need, opened.
pub struct Rooms {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Ids,
    /// The database.
    pub store: Arc<dyn Store>,
    /// Templates, phrases, patterns.
    pub prompts: Arc<Prompts>,
    /// Search over the entries.
    pub retriever: Arc<Retriever>,
    /// Keeps the rule by which the bot answers in step with knowledge, questions and settings.
    pub calibrator: Arc<Calibrator>,
    /// The bot's head.
    pub responder: Arc<Responder>,
    /// Help for agents.
    pub copilot: Arc<Copilot>,
    /// Who is at the desk, and where tickets go.
    pub reception: Arc<Reception>,
}

/// Opens the database that the settings name, or else the file in the data folder, making what is missing.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    make_data_folder(&settings.server.data)?;
    let place = match settings.database.url.given() {
        Some(url) => Place::Server(url.clone()),
        None => Place::File(settings.server.data.join("nightdesk.db")),
    };
    let store = store::open(&place).await?;
    if settings.shop.demo {
        demo::load_demo_shop(store.as_ref()).await?;
    }
    Ok(store)
}

/// Makes the data folder.
pub fn make_data_folder(folder: &Path) -> anyhow::Result<()> {
    let remedy = || format!("the data folder {} cannot be written; make it writable or name another one with --data DIR", folder.display());
    std::fs::create_dir_all(folder).with_context(remedy)?;
    // Writing is tried and not asked for: permissions, a full disk and a read-only mount all answer here, before anything is begun.
    tempfile::tempfile_in(folder).map(drop).with_context(remedy)
}

impl Rooms {
    /// Calibrates where that is needed, and waits for it at most so long: then the bot answers by the program's own rule until the calibration is
    /// done behind it.
    pub async fn calibrate(&self, patience: Duration) {
        let calibrator = Arc::clone(&self.calibrator);
        let calibration = tokio::task::spawn_blocking(move || calibrator.bring_up_to_date());
        if tokio::time::timeout(patience, calibration).await.is_err() {
            tracing::info!("the calibration goes on; until it is done the bot {}", self.responder.rule());
        }
    }
}

/// Opens everything: prompts and entries first (they are quick and the likeliest to be wrong), then the models, fetching what is missing.
pub async fn open_rooms(settings: &Settings) -> anyhow::Result<Rooms> {
    let prompts = Arc::new(Prompts::load(Some(&settings.prompts.folder), &settings.shop.name)?);
    let entries = Arc::new(knowledge::load(&settings.knowledge.folder)?);
    let store = open_store(settings).await?;
    let models = fetch_models(settings).await?;
    let (retriever, composer) = tokio::try_join!(open_retriever(settings, &models, entries), open_composer(settings, &models))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let calibrator = Arc::new(Calibrator::new(settings, Arc::clone(&retriever)));
    let responder = |composer| {
        Arc::new(Responder::new(ResponderParts {
            retriever: Arc::clone(&retriever),
            orders: store.clone(),
            prompts: Arc::clone(&prompts),
            composer,
            rule: calibrator.rule(),
            topics: desk::topics(&settings.desk),
            verify_attempts: settings.orders.verify_attempts,
            locale: settings.shop.locale.clone(),
        }))
    };
    let copilot = Copilot::new(CopilotParts {
        conversations: store.clone(),
        responder: responder(for_agents(&composer)),
        prompts: Arc::clone(&prompts),
        engine: composer.writer.as_ref().map(|writer| Arc::clone(&writer.engine)),
        patience: AGENT_PATIENCE,
    });
    let responder = responder(composer);
    let office = office(&settings.desk);
    let reception = Reception::new(ReceptionParts {
        office,
        routing: desk::routing(&settings.desk),
        presence: store.clone(),
        clock: Arc::clone(&clock),
    });
    let (copilot, reception) = (Arc::new(copilot), Arc::new(reception));
    Ok(Rooms { ids: Ids::new(Arc::clone(&clock)), clock, store, prompts, retriever, calibrator, responder, copilot, reception })
}

/// The same, for those who do not wait: drafts give way to shoppers, and are never free words.
fn for_agents(composer: &Composer) -> Composer {
    let writer = composer.writer.clone().map(|writer| Writer { class: Class::Background, ..writer });
    Composer { writer, free: None, chooser: composer.chooser.clone() }
}

/// The model files, fetched where they are missing.
pub(super) async fn fetch_models(settings: &Settings) -> anyhow::Result<Arc<ModelStore>> {
    let folder = settings.models.folder.clone();
    let profile = settings.models.profile.parse()?;
    let fetched = tokio::task::spawn_blocking(move || -> anyhow::Result<ModelStore> {
        let models = ModelStore::open(&folder)?;
        if let Err(fault) = models.ensure(profile, &Terminal::new()) {
            // Without the language model the bot still answers; without the sentence model it cannot tell what is asked. A file that is cut off is for
            // the shop to know.
            let sees = [ModelRole::EmbeddingWeights, ModelRole::EmbeddingTokenizer].into_iter().all(|role| models.path(role).is_file());
            let is_missing = !models.path_in(profile, ModelRole::Language).exists();
            anyhow::ensure!(sees && is_missing, fault);
            tracing::error!(error.message = %fault, "the language model is not there; replies are made without it");
        }
        Ok(models)
    });
    Ok(Arc::new(fetched.await??))
}

async fn open_retriever(settings: &Settings, models: &ModelStore, entries: Arc<knowledge::Knowledge>) -> anyhow::Result<Arc<Retriever>> {
    let weights = models.path(ModelRole::EmbeddingWeights);
    let tokenizer = models.path(ModelRole::EmbeddingTokenizer);
    let cache = settings.server.data.join("embeddings.bin");
    let adapter = reader_adapter(settings)?;
    let opened = tokio::task::spawn_blocking(move || -> anyhow::Result<Retriever> {
        let bar = Watched::bar();
        let embedder = Watched::new(Encoders::load(&weights, &tokenizer, adapter.as_deref())?, bar.clone());
        let retriever = Retriever::open(entries, Arc::new(embedder), Some(&cache));
        bar.finish_and_clear();
        Ok(retriever?)
    });
    Ok(Arc::new(opened.await??))
}

/// The adapter with which entries are read: the program's own, or the file that the settings name.
pub fn reader_adapter(settings: &Settings) -> anyhow::Result<Option<std::borrow::Cow<'static, [u8]>>> {
    adapter(&settings.models.reader, READER, "models.reader")
}
