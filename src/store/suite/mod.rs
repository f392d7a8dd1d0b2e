//! One suite for every database: what the ports promise, told by shoppers, the bot and agents.

mod agents;
mod clock;
mod delivery;
mod desk;
mod interleavings;
mod presence;
mod provenance;
pub(super) mod server;
mod shop;
mod turns;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::commerce::{Catalogue, Orders};
use crate::conversation::{
    AgentId, AppendShopper, Appended, BotTrace, Contact, ContactId, Content, Conversation, ConversationId, Conversations, Decision, EchoId,
    EntryVersions, Event, EventKind, Handoff, HandoffReason, MessageId, Outbox, Priority, Source, TicketId, TurnCommit, TurnOutcome,
    TurnReply, TurnSnapshot,
};
use crate::desk::{AgentReply, Claim, Desk, PersonRequest, Presence};
use crate::identity::{Agent, AgentName, Agents, Email, NewAgent, PasswordHash, Role};
use crate::support::{Clock, Ids, SystemClock, Timestamp};

/// What the suite runs against.
pub(super) trait Store:
    Conversations + EntryVersions + Outbox + Desk + Presence + Orders + Catalogue + Agents + Clone + 'static
{
}

impl<S: Conversations + EntryVersions + Outbox + Desk + Presence + Orders + Catalogue + Agents + Clone + 'static> Store for S {}

/// Makes a test of each function of the suite for one database; `$open` is an async block that gives a fresh store and what keeps it alive,
/// or nothing where that database is not to be tested.
macro_rules! store_test_suite {
    ($open:expr) => {
        store_test_suite! { $open;
            delivery:
                a_session_belongs_to_its_contact_until_it_expires,
                opening_the_widget_creates_nothing,
                a_retry_adds_nothing,
                a_retry_after_the_conversation_was_taken_up_again_is_still_known,
                a_resolved_conversation_is_taken_up_by_the_next_message,
                eight_writers_leave_no_gap,
                events_resume_after_a_number,
                who_reads_along_misses_nothing,
                feedback_and_rating_are_the_owners_alone;
            turns:
                a_turn_commits_once,
                a_burst_is_answered_once,
                a_claim_silences_the_bot,
                a_claim_and_a_reply_at_once_never_both_stand,
                a_handoff_shows_one_line_and_opens_one_ticket,
                the_context_begins_at_the_last_change_of_hands,
                the_context_is_the_last_forty,
                due_turns_are_found_after_a_crash;
            provenance:
                statements_and_hashes_come_back_as_they_were,
                a_message_of_the_shoppers_rests_on_nothing,
                a_version_kept_twice_is_one_and_stays_as_it_was;
            desk:
                a_person_asked_for_by_button_is_one_ticket_and_one_line,
                two_agents_claim_and_one_wins,
                a_claim_of_a_bot_conversation_opens_a_ticket,
                a_reply_takes_an_unassigned_conversation,
                a_reply_is_refused_where_it_makes_no_sense,
                resolving_closes_the_ticket,
                given_back_the_bot_answers_the_next_message_only,
                lists_and_counts_agree,
                ticket_numbers_count_up,
                what_was_put_aside_comes_back,
                the_bot_goes_on_as_long_as_the_shopper_wishes,
                an_address_that_is_left_stands_in_the_log,
                the_queue_puts_what_is_overdue_first_and_then_what_is_urgent;
            presence:
                an_agent_is_here_while_their_console_is_noted,
                a_console_of_another_process_keeps_its_agent,
                an_agent_who_is_away_is_not_here,
                an_agent_who_was_removed_is_not_here;
            interleavings:
                what_the_desk_promises_holds_in_every_order;
            clock:
                a_clock_that_jumps_changes_no_order,
                a_clock_that_jumps_loses_no_turn_and_no_ticket,
                a_clock_that_jumps_ends_no_shoppers_session;
            webhooks:
                a_new_endpoint_begins_at_the_newest_event,
                an_endpoint_that_nobody_told_for_long_begins_anew,
                one_process_tells_and_a_dead_one_is_followed,
                what_failed_waits_for_its_time_and_is_gone_when_told,
                who_lost_the_claim_writes_nothing,
                what_stands_in_no_log_is_put_once,
                the_dead_are_listed_tried_again_and_forgotten,
                a_backlog_counts_what_is_not_told;
            shop:
                an_import_is_idempotent,
                an_order_opens_under_its_proof_alone,
                an_order_of_nobody_is_refused_by_name,
                a_second_import_replaces_what_changed;
            agents:
                an_email_is_taken_once,
                a_removed_agent_keeps_their_name_and_nothing_else,
                what_a_removed_agent_had_goes_back_to_the_queue,
                sessions_end,
                login_takes_the_right_password_only;
        }
    };
    ($open:expr; $($module:ident: $($name:ident),+;)+) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some((store, _keep)) = $open.await else { return };
                crate::store::suite::$module::$name(crate::store::suite::World::new(store)).await;
            })+
        })+
    };
}

mod sqlite {
    use crate::store::SqliteStore;

    async fn fresh() -> Option<(SqliteStore, tempfile::TempDir)> {
        let folder = tempfile::tempdir().unwrap();
        Some((SqliteStore::open(&folder.path().join("desk.db")).await.unwrap(), folder))
    }

    store_test_suite!(super::fresh());
}

mod postgres {
    use crate::store::PostgresStore;
    use crate::store::suite::server::Schema;

    async fn fresh() -> Option<(PostgresStore, Schema)> {
        let schema = Schema::new().await?;
        Some((PostgresStore::open(&schema.url()).await.unwrap(), schema))
    }

    store_test_suite!(super::fresh());
}

/// A desk with its people, and a clock that goes on a second with each look.
pub(super) struct World<S> {
    pub(super) store: S,
    pub(super) ids: Ids,
    seconds: Arc<AtomicI64>,
}

impl<S: Store> World<S> {
    pub(super) fn new(store: S) -> Self {
        Self { store, ids: Ids::new(Arc::new(SystemClock) as Arc<dyn Clock>), seconds: Arc::new(AtomicI64::new(1_800_000_000)) }
    }

    /// The clock is put on, or back.
    pub(super) fn jump(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.fetch_add(1, Ordering::Relaxed)).unwrap()
    }

    /// Time goes on by more than a second.
    pub(super) fn skip(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(super) async fn shopper(&self) -> ContactId {
        let contact = Contact { id: ContactId(self.ids.uuid()), name: Some("Mia".to_owned()), email: None, created_at: self.now() };
        self.store.create_session(&contact, rand_hash(&self.ids)).await.unwrap();
        contact.id
    }

    pub(super) async fn agent(&self, name: &str) -> AgentId {
        let agent = Agent {
            id: AgentId(self.ids.uuid()),
            email: Email::parse(&format!("{name}@shop.example")).unwrap(),
            name: AgentName::parse(name).unwrap(),
            role: Role::Agent,
            created_at: self.now(),
        };
        let id = agent.id;
        assert!(self.store.add(NewAgent { agent, password: PasswordHash("none".to_owned()) }).await.unwrap());
        id
    }

    pub(super) fn message(&self, contact_id: ContactId, text: &str) -> AppendShopper {
        AppendShopper {
            contact_id,
            message_id: MessageId(self.ids.uuid()),
            conversation_id: ConversationId(self.ids.uuid()),
            content: Content::parse(text).unwrap(),
            echo_id: EchoId::parse(&self.ids.uuid().to_string()).unwrap(),
            at: self.now(),
        }
    }

    pub(super) async fn say(&self, contact: ContactId, text: &str) -> Appended {
        self.store.append_shopper(self.message(contact, text)).await.unwrap()
    }

    pub(super) async fn turn(&self, id: ConversationId) -> TurnSnapshot {
        self.store.begin_turn(id).await.unwrap().expect("a turn is due")
    }

    pub(super) fn answer(&self, turn: &TurnSnapshot) -> TurnCommit {
        let sources = vec![Source::Entry { id: "delivery/how-long".to_owned(), title: "How long?".to_owned() }];
        let trace = BotTrace { confidence: 0.93, sources, milliseconds: 12, ..BotTrace::stored(Decision::Answer) };
        TurnCommit {
            conversation_id: turn.conversation.id,
            fence: turn.conversation.fence,
            generation: turn.conversation.generation,
            at: self.now(),
            version: "0.1.0".to_owned(),
            reply: TurnReply { message_id: MessageId(self.ids.uuid()), content: "Two days.".to_owned(), trace, handoff: None },
        }
    }

    pub(super) fn hand_over(&self, turn: &TurnSnapshot) -> TurnCommit {
        let mut commit = self.answer(turn);
        commit.reply.handoff = Some(self.handoff(HandoffReason::LowConfidence));
        commit.reply.trace.decision = Decision::Handoff;
        commit
    }

    pub(super) fn handoff(&self, reason: HandoffReason) -> Handoff {
        Handoff {
            ticket_id: TicketId(self.ids.uuid()),
            reason,
            topic: None,
            subject: "Where is it?".to_owned(),
            priority: Priority::Normal,
            queue: "general".to_owned(),
            due_at: None,
        }
    }

    /// The widget's button, pressed.
    pub(super) fn person_request(&self, contact_id: ContactId, line: &str) -> PersonRequest {
        PersonRequest {
            contact_id,
            conversation_id: ConversationId(self.ids.uuid()),
            message_id: MessageId(self.ids.uuid()),
            line: line.to_owned(),
            handoff: self.handoff(HandoffReason::Asked),
            at: self.now(),
        }
    }

    /// A conversation that waits for a person.
    pub(super) async fn waiting(&self) -> (ContactId, Conversation) {
        let shopper = self.shopper().await;
        let id = self.say(shopper, "Where is it?").await.conversation.id;
        let turn = self.turn(id).await;
        assert!(matches!(self.store.commit_turn(self.hand_over(&turn)).await.unwrap(), TurnOutcome::Committed(_)));
        (shopper, self.conversation(id).await)
    }

    pub(super) async fn conversation(&self, id: ConversationId) -> Conversation {
        self.store.conversation(id).await.unwrap().unwrap()
    }

    pub(super) fn claim(&self, id: ConversationId, agent_id: AgentId) -> Claim {
        Claim { conversation_id: id, agent_id, at: self.now() }
    }

    pub(super) fn reply(&self, id: ConversationId, agent_id: AgentId, text: &str) -> AgentReply {
        AgentReply {
            conversation_id: id,
            agent_id,
            message_id: MessageId(self.ids.uuid()),
            content: Content::parse(text).unwrap(),
            echo_id: EchoId::parse(&self.ids.uuid().to_string()).unwrap(),
            at: self.now(),
        }
    }

    /// The whole log of a conversation, which must have no gap and end where the conversation says.
    pub(super) async fn log(&self, id: ConversationId) -> Vec<Event> {
        let events = self.store.events_after(id, 0, 100_000).await.unwrap();
        let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=self.conversation(id).await.last_seq).collect::<Vec<_>>());
        events
    }

    /// The log in words: `shopper: Hello`, `pending>open asked`.
    pub(super) async fn story(&self, id: ConversationId) -> Vec<String> {
        let word = |event: Event| match event.kind {
            EventKind::MessageCreated(message) => {
                let author = format!("{:?}", message.author).split('(').next().unwrap_or_default().to_lowercase();
                format!("{author}: {}", message.content)
            }
            EventKind::MessageUpdated(message) => format!("updated {:?}", message.helpful),
            EventKind::StatusChanged { from, to, reason, .. } => format!("{}>{} {reason}", from.as_str(), to.as_str()),
            EventKind::Updated(update) => format!("updated {}", update.as_str()),
            EventKind::Rated { rating, .. } => format!("rated {rating}"),
        };
        self.log(id).await.into_iter().map(word).collect()
    }
}

pub(super) fn rand_hash(ids: &Ids) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&ids.salt());
    hash[16..].copy_from_slice(&ids.salt());
    hash
}
