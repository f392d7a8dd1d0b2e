//! `nightdesk serve`: from the first look at the settings to the last reply of a shutdown.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use async_trait::async_trait;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::VERSION;
use super::demo::{self, FIRST_ADMIN};
use super::desk::routing;
use super::files::take_open_files;
use super::open::{Rooms, make_data_folder, open_rooms};
use super::reload::{Reload, keep_versions};
use crate::assistant::{Assistant, AssistantParts};
use crate::config::Settings;
use crate::conversation::{ConversationId, Live, LiveBus, LiveKind};
use crate::http::{self, AppParts, AppState, DemoPage, Limits, Proxy, Rate, Readiness, WidgetSettings};
use crate::jobs::reload::{FolderWatch, watch_folder};
use crate::jobs::turns::TurnFailure;
use crate::jobs::{RunTurn, Turns};
use crate::store::Store;
use crate::support::Clock;

/// A calibration that takes longer is finished behind the running server.
const CALIBRATION_PATIENCE: Duration = Duration::from_secs(2);

/// Runs the server until a signal stops it.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let began = Instant::now();
    tracing::debug!(open_files = take_open_files(), "as many connections as the system grants");
    let recorder = PrometheusBuilder::new().install_recorder().context("the metrics recorder did not start")?;
    let (shop, demo) = (settings.shop.name.clone(), settings.shop.demo);
    let running = start(settings, Some(recorder)).await?;
    tokio::spawn(stop_on_signal(running.soft.clone(), running.hard.clone()));
    let took = began.elapsed().as_secs_f64();
    let greeting =
        format!("Nightdesk {VERSION} is ready in {took:.1} s: {shop} with {} entries\n\n{}\n", running.entries, running.places(demo));
    // A server goes on when nobody reads its greeting any more.
    let _ = std::io::stdout().write_all(greeting.as_bytes());
    running.wait().await
}

/// A server that runs. It goes on until [`Running::stop`], or until a signal where [`serve`] began it.
pub struct Running {
    /// Where widget, console and API are.
    pub address: SocketAddr,
    /// Where the metrics are, if they are served.
    pub metrics_address: Option<SocketAddr>,
    /// The first administrator's password, where this start made one.
    pub first_password: Option<SecretString>,
    /// How many entries the knowledge base has.
    pub entries: usize,
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    server: JoinHandle<std::io::Result<()>>,
    store: Arc<dyn Store>,
    drain: Duration,
    _watch: FolderWatch,
    _lock: File,
}

/// Begins serving. A process has one metrics recorder at most, so the caller installs it; without one no metrics are served.
pub async fn start(settings: Settings, recorder: Option<PrometheusHandle>) -> anyhow::Result<Running> {
    make_data_folder(&settings.server.data)?;
    let lock = lock(&settings)?;
    let listener = bind(settings.server.listen, "--listen ADDR").await?;
    let address = listener.local_addr()?;
    let metrics = match recorder {
        Some(recorder) => {
            let metrics_address = settings.server.metrics_address().context("server.metrics_listen is no address")?;
            Some((bind(metrics_address, "server.metrics_listen").await?, recorder))
        }
        None => None,
    };

    let rooms = open_rooms(&settings).await?;
    // Before a reply can name them.
    keep_versions(rooms.store.as_ref(), &rooms.retriever.knowledge(), rooms.clock.now()).await?;
    let first_password = demo::first_admin(rooms.store.as_ref(), &rooms.ids, rooms.clock.as_ref()).await?;

    let (soft, hard, tracker) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
    let live = LiveBus::default();
    let turns = Turns::new(Arc::new(runner(&settings, &rooms, &live)), tracker.clone(), soft.clone());
    for id in rooms.store.due_turns().await? {
        turns.wake(id);
    }
    tokio::spawn(sweep(
        Sweep { store: rooms.store.clone(), turns: turns.clone(), live: live.clone(), clock: Arc::clone(&rooms.clock) },
        soft.clone(),
    ));
    tokio::spawn(follow(rooms.store.clone(), live.clone(), hard.clone()));
    rooms.calibrate(CALIBRATION_PATIENCE).await;
    let reload = Reload {
        folder: settings.knowledge.folder.clone(),
        retriever: Arc::clone(&rooms.retriever),
        calibrator: Arc::clone(&rooms.calibrator),
        versions: rooms.store.clone(),
        clock: Arc::clone(&rooms.clock),
        runtime: Handle::current(),
    };
    let watch = watch_folder(settings.knowledge.folder.clone(), soft.clone(), move || reload.run());

    let metrics_address = metrics.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?;
    if let Some((listener, recorder)) = metrics {
        tokio::spawn(http::serve(listener, http::metrics_router(recorder.clone()), hard.clone()));
        tokio::spawn(upkeep(recorder, hard.clone()));
    }
    let app = http::router(AppState::new(parts(&settings, &rooms, live, turns, &soft)));
    let server = tokio::spawn(http::serve(listener, app, soft.clone()));
    Ok(Running {
        address,
        metrics_address,
        first_password,
        entries: rooms.retriever.knowledge().entries.len(),
        soft,
        hard,
        tracker,
        server,
        store: rooms.store,
        drain: Duration::from_secs(settings.server.drain_seconds),
        _watch: watch,
        _lock: lock,
    })
}

impl Running {
    /// Stops as the first signal does: no new request, running replies finish, at most for the drain time.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.soft.cancel();
        self.wait().await
    }

    /// What whoever started it wants to know: the addresses, and how to log in for the first time.
    fn places(&self, demo: bool) -> String {
        let main = self.address;
        let mut lines = Vec::new();
        if demo {
            lines.push(format!("  Demo shop      http://{main}/demo"));
        }
        lines.push(format!("  Agent console  http://{main}/console"));
        lines.push(format!("  API            http://{main}/api/openapi.json"));
        lines.extend(self.metrics_address.map(|metrics| format!("  Metrics        http://{metrics}/metrics")));
        if let Some(password) = &self.first_password {
            lines.push(format!("\n  First log-in: {FIRST_ADMIN}  password: {}", password.expose_secret()));
            lines.push(format!("  It is shown once. `nightdesk agents password {FIRST_ADMIN}` makes a new one."));
        }
        lines.join("\n") + "\n"
    }

    /// Waits until the server has stopped.
    async fn wait(self) -> anyhow::Result<()> {
        let Self { soft, hard, tracker, server, drain, .. } = self;
        let drained = async {
            let served = server.await;
            tracker.close();
            tracker.wait().await;
            served
        };
        let deadline = async {
            soft.cancelled().await;
            tokio::select! {
                () = tokio::time::sleep(drain) => tracing::warn!("the drain time is over; what still runs is cut off"),
                () = hard.cancelled() => {}
            }
        };
        tokio::select! {
            served = drained => served.context("the server stopped")?.context("the server stopped")?,
            () = deadline => {}
        }
        hard.cancel();
        self.store.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Hears of what other processes do, and keeps the turns that this one runs: to the very end, since some may still run after the first signal.
async fn follow(store: Arc<dyn Store>, live: LiveBus, stop: CancellationToken) {
    store.follow(live, stop).await;
}

/// What the sweep works with.
struct Sweep {
    store: Arc<dyn Store>,
    turns: Turns,
    live: LiveBus,
    clock: Arc<dyn Clock>,
}

/// Wakes what is due: a turn that failed while the database was away, or whose process died, is not left to the shopper's patience, and what an
/// agent put aside comes back.
async fn sweep(Sweep { store, turns, live, clock }: Sweep, stop: CancellationToken) {
    let mut every = tokio::time::interval(store.sweep_every());
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every.tick().await;
    let mut well = true;
    while stop.run_until_cancelled(every.tick()).await.is_some() {
        let due = store.due_turns().await;
        match &due {
            Ok(due) => due.iter().for_each(|id| turns.wake(*id)),
            // Once for each time that the database is away.
            Err(fault) if well => tracing::warn!(error.message = %fault, "the turns that are due could not be read"),
            Err(_) => {}
        }
        well = due.is_ok();
        match store.wake_snoozed(clock.now()).await {
            Ok(woken) => woken.into_iter().for_each(|conversation| {
                live.tell(Live { conversation_id: conversation.id, contact_id: conversation.contact_id, kind: LiveKind::Changed });
            }),
            Err(fault) => tracing::debug!(error.message = %fault, "what was put aside could not be looked for"),
        }
    }
}

/// One server at a time writes a data folder; the system lets go of the lock however the process ends.
fn lock(settings: &Settings) -> anyhow::Result<File> {
    let path = settings.server.data.join("nightdesk.lock");
    let file =
        File::create(&path).with_context(|| format!("the lock file {} cannot be made; make the data folder writable", path.display()))?;
    if file.try_lock().is_err() {
        bail!(
            "another Nightdesk already serves the data folder {}; stop it or name another folder with --data DIR",
            settings.server.data.display()
        );
    }
    Ok(file)
}

async fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    let taken = |fault: &std::io::Error| fault.kind() == std::io::ErrorKind::AddrInUse;
    TcpListener::bind(address).await.map_err(|fault| match taken(&fault) {
        true => anyhow::anyhow!("the address {address} is in use by another program; stop that or choose another one with {setting}"),
        false => anyhow::anyhow!("the address {address} cannot be listened on ({fault}); choose another one with {setting}"),
    })
}

struct Runner(Assistant);

#[async_trait]
impl RunTurn for Runner {
    async fn run_turn(&self, id: ConversationId) -> Result<(), TurnFailure> {
        Ok(self.0.run_turn(id).await?)
    }
}

fn runner(settings: &Settings, rooms: &Rooms, live: &LiveBus) -> Runner {
    Runner(Assistant::new(AssistantParts {
        conversations: rooms.store.clone(),
        responder: Arc::clone(&rooms.responder),
        routing: routing(&settings.desk),
        live: live.clone(),
        ids: rooms.ids.clone(),
        clock: Arc::clone(&rooms.clock),
        version: VERSION,
    }))
}

fn parts(settings: &Settings, rooms: &Rooms, live: LiveBus, turns: Turns, soft: &CancellationToken) -> AppParts {
    let phrases = rooms.prompts.phrases(&settings.shop.locale);
    let limits = &settings.limits;
    let own_prompts = Arc::clone(&rooms.prompts);
    let retriever = Arc::clone(&rooms.retriever);
    AppParts {
        conversations: rooms.store.clone(),
        desk: rooms.store.clone(),
        routing: routing(&settings.desk),
        agents: rooms.store.clone(),
        versions: rooms.store.clone(),
        copilot: Arc::clone(&rooms.copilot),
        live,
        turns,
        ids: rooms.ids.clone(),
        clock: Arc::clone(&rooms.clock),
        widget: WidgetSettings {
            website_token: settings.shop.website_token.clone(),
            shop_name: settings.shop.name.clone(),
            locale: settings.shop.locale.clone(),
            greeting: phrases.text("greeting", &[]),
            quick_replies: phrases.quick_replies().to_vec(),
            frame_ancestors: settings.widget.allowed_origins.clone(),
        },
        handoff_line: Arc::new(move |locale| own_prompts.phrases(locale).text("handoff.asked", &[])),
        entries: Arc::new(move |id| retriever.knowledge().entries.iter().find(|entry| entry.id.as_str() == id).cloned()),
        readiness: Readiness::default(),
        rule: rooms.calibrator.rule(),
        soft: soft.clone(),
        limits: Limits {
            sessions: Rate::new(limits.sessions_per_minute, limits.sessions_per_minute),
            messages: Rate::new(limits.message_burst, limits.messages_per_minute),
            logins: Rate::new(limits.logins_per_minute, limits.logins_per_minute),
            ..Limits::default()
        },
        demo: if settings.shop.demo { DemoPage::Served } else { DemoPage::Absent },
        proxy: if settings.server.behind_proxy { Proxy::InFront } else { Proxy::Absent },
    }
}

async fn upkeep(recorder: PrometheusHandle, stop: CancellationToken) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    while stop.run_until_cancelled(every.tick()).await.is_some() {
        recorder.run_upkeep();
    }
}

/// The first signal lets running replies finish, the second does not.
async fn stop_on_signal(soft: CancellationToken, hard: CancellationToken) {
    for token in [soft, hard] {
        signal().await;
        tracing::info!("stopping");
        token.cancel();
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
