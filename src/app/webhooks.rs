//! Webhooks as the settings want them.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::open::Rooms;
use crate::config::{Settings, WebhookEndpoint, WebhookEvent};
use crate::conversation::{LiveBus, Webhook};
use crate::http::WebhookBodies;
use crate::jobs::Webhooks;
use crate::jobs::webhooks::{Endpoint, Pace, Reach, WebhookError, WebhookParts};

/// The endpoints of the settings.
pub fn endpoints(settings: &Settings) -> Vec<Endpoint> {
    settings.webhooks.endpoints.iter().map(|(name, endpoint)| self::endpoint(name, endpoint)).collect()
}

/// How fast and how long they are told.
pub fn pace(settings: &Settings) -> Pace {
    let webhooks = &settings.webhooks;
    Pace {
        timeout: Duration::from_millis(webhooks.timeout_ms),
        retry: Duration::from_millis(webhooks.retry_ms),
        give_up: Duration::from_secs(webhooks.give_up_hours * 3_600),
    }
}

/// Begins to tell them.
pub(super) async fn start(
    settings: &Settings,
    rooms: &Rooms,
    live: &LiveBus,
    (tracker, stop): (&TaskTracker, &CancellationToken),
) -> Result<Webhooks, WebhookError> {
    let parts = WebhookParts {
        endpoints: endpoints(settings),
        pace: pace(settings),
        log: rooms.store.clone(),
        outbox: rooms.store.clone(),
        render: Arc::new(WebhookBodies::new(rooms.store.clone(), rooms.store.clone(), rooms.store.clone())),
        live: live.clone(),
        process: rooms.store.process(),
        ids: rooms.ids.clone(),
        clock: Arc::clone(&rooms.clock),
    };
    Webhooks::start(parts, tracker, stop).await
}

fn endpoint(name: &str, endpoint: &WebhookEndpoint) -> Endpoint {
    let webhook = |event: &WebhookEvent| match event {
        WebhookEvent::ConversationCreated => Webhook::ConversationCreated,
        WebhookEvent::ConversationStatusChanged => Webhook::ConversationStatusChanged,
        WebhookEvent::ConversationUpdated => Webhook::ConversationUpdated,
        WebhookEvent::MessageCreated => Webhook::MessageCreated,
        WebhookEvent::MessageUpdated => Webhook::MessageUpdated,
        WebhookEvent::WebwidgetTriggered => Webhook::WebwidgetTriggered,
    };
    Endpoint {
        name: name.to_owned(),
        url: endpoint.url.clone(),
        // Settings without one are refused before this.
        secret: endpoint.secret.given().cloned().unwrap_or_default(),
        events: endpoint.events.iter().map(webhook).collect(),
        reach: if endpoint.allow_private { Reach::Anywhere } else { Reach::Public },
    }
}
