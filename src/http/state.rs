//! What the handlers work with.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

use super::attendance::{Attendance, Pace};
use super::consoles::Consoles;
use super::limits::{Limiters, Limits};
use super::readiness::Readiness;
use super::view::Names;
use crate::assistant::copilot::Copilot;
use crate::confidence::Rule;
use crate::conversation::{
    ContactId, ConversationId, Conversations, EntryVersions, Handoff, HandoffReason, Live, LiveBus, LiveKind, TicketId,
};
use crate::desk::{Availability, Desk, Presence, Reception};
use crate::identity::Agents;
use crate::jobs::{Turns, Webhooks};
use crate::knowledge::Entry;
use crate::support::{Clock, Ids};

/// The one line that the shopper sees when they asked for a person, in the locale given: it says when somebody will be there.
pub type HandoffLine = Arc<dyn Fn(&str, &Availability) -> String + Send + Sync>;

/// The entry of an id, as it is now.
pub type FindEntry = Arc<dyn Fn(&str) -> Option<Arc<Entry>> + Send + Sync>;

/// What the widget shows of the shop, and who may embed it.
#[derive(Debug, Clone)]
pub struct WidgetSettings {
    /// The shop's public token.
    pub website_token: String,
    /// The shop's name.
    pub shop_name: String,
    /// The shop's language.
    pub locale: String,
    /// The first line in an empty conversation.
    pub greeting: String,
    /// Questions to tap on.
    pub quick_replies: Vec<String>,
    /// Origins whose pages may carry the widget, `https://shop.example`; our own may always.
    pub frame_ancestors: Vec<String>,
}

impl WidgetSettings {
    /// Whether that is the shop's token; takes the same time whatever is wrong with it.
    pub(super) fn opens(&self, token: &str) -> bool {
        self.website_token.as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// Whether the demo shop's page is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoPage {
    /// At `/demo`, and `/` leads there.
    Served,
    /// Not at all; `/` leads to the console.
    Absent,
}

/// Whether forwarded headers are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Nobody stands in front: a forwarded header is a client's claim.
    Absent,
    /// A reverse proxy of ours writes `X-Forwarded-For`.
    InFront,
}

/// What the program hands in.
pub struct AppParts {
    /// The store of conversations.
    pub conversations: Arc<dyn Conversations>,
    /// The store of tickets.
    pub desk: Arc<dyn Desk>,
    /// The store of who is at the desk.
    pub presence: Arc<dyn Presence>,
    /// Who is there, and where tickets go.
    pub reception: Arc<Reception>,
    /// The store of agents.
    pub agents: Arc<dyn Agents>,
    /// The store of what entries said.
    pub versions: Arc<dyn EntryVersions>,
    /// Help for agents.
    pub copilot: Arc<Copilot>,
    /// The channel of notices; the same one that turns tell on.
    pub live: LiveBus,
    /// The bot's turns.
    pub turns: Turns,
    /// Tells other programs.
    pub webhooks: Webhooks,
    /// Identifiers.
    pub ids: Ids,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the widget shows.
    pub widget: WidgetSettings,
    /// The line that goes with a request for a person.
    pub handoff_line: HandoffLine,
    /// Finds an entry for its page in the widget.
    pub entries: FindEntry,
    /// What `/health/ready` says.
    pub readiness: Readiness,
    /// The rule by which the bot answers, as it is at any time.
    pub rule: Arc<ArcSwap<Rule>>,
    /// Ends the event streams, so that the server can stop.
    pub soft: CancellationToken,
    /// How often somebody may do something.
    pub limits: Limits,
    /// Whether the demo shop's page is served.
    pub demo: DemoPage,
    /// Whether forwarded headers are believed.
    pub proxy: Proxy,
}

/// [`AppParts`], shared by all handlers.
#[derive(Clone)]
pub struct AppState {
    shared: Arc<Shared>,
}

/// The parts, and what the handlers keep beside them.
pub struct Shared {
    parts: AppParts,
    pub(super) limiters: Limiters,
    pub(super) names: Names,
    pub(super) attendance: Attendance,
    pub(super) consoles: Consoles,
}

impl AppState {
    /// The state of one server.
    pub fn new(parts: AppParts) -> Self {
        let limiters = Limiters::new(parts.limits);
        let names = Names::new(Arc::clone(&parts.agents));
        let attendance = Attendance::new(Arc::clone(&parts.presence), Arc::clone(&parts.clock), Pace::USUAL);
        Self { shared: Arc::new(Shared { parts, limiters, names, attendance, consoles: Consoles::default() }) }
    }

    /// A handoff with a new ticket's id.
    pub(super) fn handoff(&self, reason: HandoffReason, subject: String) -> Handoff {
        self.reception.handoff(TicketId(self.ids.uuid()), reason, subject)
    }

    /// Tells every listener of a conversation.
    pub(super) fn tell(&self, conversation_id: ConversationId, contact_id: ContactId, kind: LiveKind) {
        self.live.tell(Live { conversation_id, contact_id, kind });
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Deref for Shared {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.parts
    }
}
