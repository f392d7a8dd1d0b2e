//! `nightdesk serve`: from the first look at the settings to the last reply of a shutdown.

use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use async_trait::async_trait;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::demo::{self, FIRST_ADMIN};
use super::open::{Rooms, make_data_folder, open_rooms};
use super::{VERSION, reload};
use crate::assistant::{Assistant, AssistantParts};
use crate::config::Settings;
use crate::conversation::{ConversationId, Conversations, LiveBus};
use crate::http::{self, AppParts, AppState, DemoPage, Limits, Rate, Readiness, WidgetSettings};
use crate::jobs::turns::TurnFailure;
use crate::jobs::{RunTurn, Turns, reload::watch_folder};

/// Runs the server until a signal stops it.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let began = Instant::now();
    make_data_folder(&settings.server.data)?;
    let _lock = lock(&settings)?;
    let listener = bind(settings.server.listen, "--listen ADDR").await?;
    let metrics_address = settings.server.metrics_address().context("server.metrics_listen is no address")?;
    let metrics_listener = bind(metrics_address, "server.metrics_listen").await?;
    let recorder =
        metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().context("the metrics recorder did not start")?;

    let rooms = open_rooms(&settings).await?;
    let admin = demo::first_admin(&rooms.store, &rooms.ids, rooms.clock.as_ref()).await?;

    let (soft, hard, tracker) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
    let live = LiveBus::default();
    let turns = Turns::new(Arc::new(runner(&rooms, &live)), tracker.clone(), soft.clone());
    for id in rooms.store.due_turns().await? {
        turns.wake(id);
    }
    let (folder, retriever) = (settings.knowledge.folder.clone(), Arc::clone(&rooms.retriever));
    let _watch = watch_folder(folder.clone(), soft.clone(), move || reload::reload(&folder, &retriever));

    let addresses = (listener.local_addr()?, metrics_listener.local_addr()?);
    let state = AppState::new(parts(&settings, &rooms, live, turns, &soft));
    let app = http::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let metrics_app = http::metrics_router(recorder.clone());
    tokio::spawn(upkeep(recorder, hard.clone()));
    tokio::spawn(stop_on_signal(soft.clone(), hard.clone()));
    let stopped = soft.clone();
    let metrics_server = axum_serve(metrics_listener, metrics_app.into_make_service(), hard.clone());
    let server = axum::serve(listener, app).with_graceful_shutdown(async move { stopped.cancelled().await });
    print_addresses(&settings, &rooms, addresses, began.elapsed());
    if let Some(password) = &admin {
        println!("\n  First log-in: {FIRST_ADMIN}  password: {}", password.expose_secret());
        println!("  It is shown once. `nightdesk agents password {FIRST_ADMIN}` makes a new one.");
    }
    println!();

    tokio::spawn(metrics_server);
    let drained = async {
        let served = server.into_future().await;
        tracker.close();
        tracker.wait().await;
        served
    };
    let deadline = async {
        soft.cancelled().await;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(settings.server.drain_seconds)) => tracing::warn!("the drain time is over; what still runs is cut off"),
            () = hard.cancelled() => {}
        }
    };
    tokio::select! {
        served = drained => served.context("the server stopped")?,
        () = deadline => {}
    }
    hard.cancel();
    rooms.store.close().await;
    tracing::info!("stopped");
    Ok(())
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

fn runner(rooms: &Rooms, live: &LiveBus) -> Runner {
    Runner(Assistant::new(AssistantParts {
        conversations: Arc::new(rooms.store.clone()),
        responder: Arc::clone(&rooms.responder),
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
    AppParts {
        conversations: Arc::new(rooms.store.clone()),
        desk: Arc::new(rooms.store.clone()),
        agents: Arc::new(rooms.store.clone()),
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
        readiness: Readiness::default(),
        soft: soft.clone(),
        limits: Limits {
            sessions: Rate::new(limits.sessions_per_minute, limits.sessions_per_minute),
            messages: Rate::new(limits.message_burst, limits.messages_per_minute),
            logins: Rate::new(limits.logins_per_minute, limits.logins_per_minute),
            ..Limits::default()
        },
        demo: if settings.shop.demo { DemoPage::Served } else { DemoPage::Absent },
    }
}

async fn axum_serve(listener: TcpListener, app: axum::routing::IntoMakeService<axum::Router>, stop: CancellationToken) {
    let served = axum::serve(listener, app).with_graceful_shutdown(async move { stop.cancelled().await }).await;
    if let Err(fault) = served {
        tracing::error!(error.message = %fault, "the metrics server stopped");
    }
}

async fn upkeep(recorder: metrics_exporter_prometheus::PrometheusHandle, stop: CancellationToken) {
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

fn print_addresses(settings: &Settings, rooms: &Rooms, (main, metrics): (SocketAddr, SocketAddr), took: Duration) {
    let entries = rooms.retriever.knowledge().entries.len();
    println!("Nightdesk {VERSION} is ready in {:.1} s: {} with {entries} entries", took.as_secs_f64(), settings.shop.name);
    println!();
    if settings.shop.demo {
        println!("  Demo shop      http://{main}/demo");
    }
    println!("  Agent console  http://{main}/console");
    println!("  API            http://{main}/api/openapi.json");
    println!("  Metrics        http://{metrics}/metrics");
}
