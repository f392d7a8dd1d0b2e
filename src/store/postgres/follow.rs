//! What other processes commit, told here: notices of the server, and a look at the log every few seconds in case one was lost.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{KEEP_TURNS, PostgresStore, SHOW_LIFE};
use crate::conversation::{ContactId, ConversationId, Live, LiveBus, LiveKind};

/// How often the log is read without a notice.
const READ_EVERY: Duration = Duration::from_secs(3);
/// How often the turns that run are kept; a third of the time after which they are free.
const KEEP_EVERY: Duration = Duration::from_secs(2);
/// The pause before the first new try after the connection was lost, and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));
/// How many events are looked at at once.
const PAGE: i64 = 500;

statements! {
    NEWS = "SELECT e.id, e.conversation_id, c.contact_id FROM events e JOIN conversations c ON c.id = e.conversation_id \
        WHERE e.id > $1 ORDER BY e.id LIMIT $2";
    CHANNEL = "SELECT 'nightdesk_' || n.oid FROM pg_namespace n WHERE n.nspname = current_schema()";
}

/// One commit, as it is told to other processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) conversation: ConversationId,
    pub(super) contact: ContactId,
    /// The number of its last event in the conversation.
    pub(super) seq: i64,
    /// The number of its last event of all.
    pub(super) event: i64,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.conversation, self.contact, self.seq, self.event)
    }
}

impl FromStr for Notice {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or(());
        let conversation = ConversationId(word()?.parse().map_err(drop)?);
        let contact = ContactId(word()?.parse().map_err(drop)?);
        Ok(Self { conversation, contact, seq: word()?.parse().map_err(drop)?, event: word()?.parse().map_err(drop)? })
    }
}

/// Tells `live` of other processes' commits and keeps this one's turns, until `stop`.
pub(super) async fn follow(store: &PostgresStore, live: &LiveBus, stop: &CancellationToken) {
    // A connection of its own: those of the pool would wait behind it.
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).acquire_timeout(super::TURN);
    let follower = Follower {
        pool: pool.connect_lazy_with(store.options.clone()),
        process: store.process,
        live,
        last: None,
        listening: Listening::Yes,
    };
    let _ = stop.run_until_cancelled(async { tokio::join!(follower.listen(), keep_turns(&store.pool)) }).await;
}

/// While this process lives, nobody takes over what it runs.
async fn keep_turns(pool: &PgPool) {
    let mut every = tokio::time::interval(KEEP_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = sqlx::query(KEEP_TURNS).execute(pool).await {
            tracing::debug!(%error, "the turns that run were not kept");
        }
    }
}

struct Follower<'a> {
    pool: PgPool,
    process: Uuid,
    live: &'a LiveBus,
    /// The last event that was told; `None` before the log was looked at.
    last: Option<i64>,
    /// Whether it listened lately: a loss is logged once.
    listening: Listening,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Listening {
    Yes,
    No,
}

impl Follower<'_> {
    /// Listens for ever, anew after each loss of the connection.
    async fn listen(mut self) {
        let mut pause = PAUSES.0;
        loop {
            let Err(error) = self.listen_once().await;
            if self.listening == Listening::Yes {
                tracing::warn!(%error, "the notices of other processes are lost for the moment; event streams read the log every few seconds");
                self.listening = Listening::No;
                pause = PAUSES.0;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn listen_once(&mut self) -> Result<std::convert::Infallible, sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.eager_reconnect(false);
        let channel: String = sqlx::query_scalar(CHANNEL).fetch_one(&mut listener).await?;
        listener.listen(&channel).await?;
        sqlx::query(SHOW_LIFE).execute(&mut listener).await?;
        if self.listening == Listening::No {
            tracing::info!("the notices of other processes are heard again");
            self.listening = Listening::Yes;
        }
        let mut every = tokio::time::interval(READ_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let heard = tokio::select! {
                notice = listener.try_recv() => Some(notice?.ok_or_else(lost)?),
                // At once for the first time: what was committed before the listening began.
                _ = every.tick() => None,
            };
            match heard {
                Some(notice) => self.hear(notice.payload()),
                None => self.catch_up(&mut listener).await?,
            }
        }
    }

    /// Events are numbered in the order in which they are committed, and notices come in that order.
    fn hear(&mut self, payload: &str) {
        let Some((process, notice)) = payload.split_once(' ') else { return };
        let Ok(notice) = notice.parse::<Notice>() else { return };
        self.last = self.last.max(Some(notice.event));
        if process.parse() != Ok(self.process) {
            self.tell(notice.conversation, notice.contact);
        }
    }

    async fn catch_up(&mut self, listener: &mut PgListener) -> Result<(), sqlx::Error> {
        let Some(mut last) = self.last else {
            self.last = Some(sqlx::query_scalar(super::events::NEWEST_ID).fetch_one(listener).await?);
            return Ok(());
        };
        loop {
            let query = sqlx::query_as(NEWS).bind(last).bind(PAGE);
            let news: Vec<(i64, Uuid, Uuid)> = query.fetch_all(&mut *listener).await?;
            for (event, conversation, contact) in &news {
                self.tell(ConversationId(*conversation), ContactId(*contact));
                last = *event;
            }
            self.last = Some(last);
            if (news.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    fn tell(&self, conversation_id: ConversationId, contact_id: ContactId) {
        self.live.tell(Live { conversation_id, contact_id, kind: LiveKind::Changed });
    }
}

fn lost() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the server closed the connection"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_survives_its_text() {
        let notice = Notice { conversation: ConversationId(Uuid::from_u128(7)), contact: ContactId(Uuid::from_u128(8)), seq: 9, event: 10 };
        assert_eq!(notice.to_string().parse(), Ok(notice));
        for text in ["", "7", "7 8 9 10", "00000000-0000-0000-0000-000000000007 00000000-0000-0000-0000-000000000008 9"] {
            assert_eq!(text.parse::<Notice>(), Err(()), "{text:?}");
        }
    }
}
