//! What other programs have not been told yet.

use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

use super::codes::time_of;
use super::error::{store_error, unreadable};
use super::{Backend, Connection};
use crate::conversation::{
    Again, Backlog, ContactId, Delivery, DeliveryId, DeliveryState, Enrolled, Hold, Outbox, Settled, Subject, Webhook,
};
use crate::support::{StoreError, Timestamp};

/// A claim that ends later than this from now was made by a clock that was wrong, and binds nobody.
const FAR_MICROS: i64 = 60_000_000;

macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.endpoint, d.webhook, d.event_id, d.contact_id, d.state, d.attempts, d.created_at, d.next_at, d.give_up_at, \
             d.fault FROM webhook_deliveries d ",
            $rest
        )
    };
}

macro_rules! insert_delivery {
    ($rest:literal) => {
        concat!(
            "INSERT INTO webhook_deliveries (id, endpoint, webhook, event_id, contact_id, state, attempts, created_at, next_at, give_up_at, \
             fault) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO ",
            $rest
        )
    };
}

statements! {
    /// Ids of events are given out in the order of their commits: what is committed from now on has a higher one.
    ENROL = "INSERT INTO webhook_cursors (endpoint, event_id, holder, held_until) \
        VALUES ($1, (SELECT COALESCE(MAX(id), 0) FROM events), NULL, $2) ON CONFLICT (endpoint) DO NOTHING";
    ENROL_ANEW = "UPDATE webhook_cursors SET event_id = (SELECT COALESCE(MAX(id), 0) FROM events), held_until = $2 \
        WHERE endpoint = $1 AND held_until < $3";
    FREE = concat!("UPDATE webhook_cursors SET holder = NULL WHERE endpoint = $1 AND ", is_alone!());
    HOLD = "UPDATE webhook_cursors SET holder = $2, held_until = $4 \
        WHERE endpoint = $1 AND (holder IS NULL OR holder = $2 OR held_until < $3 OR held_until > $5) RETURNING event_id";
    LET_GO = "UPDATE webhook_cursors SET holder = NULL, held_until = $3 WHERE endpoint = $1 AND holder = $2";
    /// The row stays locked until the end of the transaction: nobody takes over in the middle of it.
    PASS = "UPDATE webhook_cursors SET event_id = CASE WHEN event_id < $3 THEN $3 ELSE event_id END WHERE endpoint = $1 AND holder = $2";
    DUE = select_deliveries!("WHERE d.endpoint = $1 AND d.state = 'waiting' AND d.next_at <= $2 ORDER BY d.next_at, d.event_id LIMIT $3");
    LISTED = select_deliveries!("ORDER BY d.state, d.next_at, d.event_id LIMIT $1");
    DONE = "DELETE FROM webhook_deliveries WHERE id = $1";
    KEEP = insert_delivery!(
        "UPDATE SET state = excluded.state, attempts = excluded.attempts, next_at = excluded.next_at, give_up_at = excluded.give_up_at, \
         fault = excluded.fault"
    );
    PUT = insert_delivery!("NOTHING");
    FORGET = "DELETE FROM webhook_deliveries WHERE endpoint = $1 AND state = 'dead' AND next_at < $2";
    BACKLOGS = "SELECT c.endpoint, \
        (SELECT COALESCE(MAX(e.id), c.event_id) FROM events e) - c.event_id AS behind, \
        (SELECT e.at FROM events e WHERE e.id > c.event_id ORDER BY e.id LIMIT 1) AS next_event, \
        (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.endpoint = c.endpoint AND d.state = 'waiting') AS waiting, \
        (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.endpoint = c.endpoint AND d.state = 'dead') AS dead, \
        (SELECT MIN(d.created_at) FROM webhook_deliveries d WHERE d.endpoint = c.endpoint AND d.state = 'waiting') AS oldest_waiting \
        FROM webhook_cursors c ORDER BY c.endpoint";
    HASTEN = "UPDATE webhook_deliveries SET next_at = $2 WHERE endpoint = $1 AND state = 'waiting' AND next_at > $2";
    ONE_AGAIN = "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = $1, give_up_at = $2 WHERE id = $3";
    DEAD_AGAIN = "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = $1, give_up_at = $2 WHERE state = 'dead'";
}

#[derive(FromRow)]
struct DeliveryRow {
    id: Uuid,
    endpoint: String,
    webhook: String,
    event_id: Option<i64>,
    contact_id: Option<Uuid>,
    state: String,
    attempts: i64,
    created_at: i64,
    next_at: i64,
    give_up_at: i64,
    fault: Option<String>,
}

impl DeliveryRow {
    fn delivery(self) -> Result<Delivery, StoreError> {
        let subject = match (self.event_id, self.contact_id) {
            (Some(event), _) => Subject::Event(event),
            (None, Some(contact)) => Subject::Contact(ContactId(contact)),
            (None, None) => return Err(unreadable("a delivery's subject", "nothing")),
        };
        Ok(Delivery {
            id: DeliveryId(self.id),
            endpoint: self.endpoint,
            webhook: Webhook::parse(&self.webhook).ok_or_else(|| unreadable("a delivery's webhook", &self.webhook))?,
            subject,
            state: DeliveryState::parse(&self.state).ok_or_else(|| unreadable("a delivery's state", &self.state))?,
            attempts: self.attempts,
            created_at: time_of(self.created_at)?,
            next_at: time_of(self.next_at)?,
            give_up_at: time_of(self.give_up_at)?,
            fault: self.fault,
        })
    }
}

#[derive(FromRow)]
struct BacklogRow {
    endpoint: String,
    behind: i64,
    next_event: Option<i64>,
    waiting: i64,
    dead: i64,
    oldest_waiting: Option<i64>,
}

impl BacklogRow {
    fn backlog(self) -> Result<Backlog, StoreError> {
        let Self { endpoint, behind, next_event, waiting, dead, oldest_waiting } = self;
        let oldest = next_event.into_iter().chain(oldest_waiting).min().map(time_of).transpose()?;
        Ok(Backlog { endpoint, behind, waiting, dead, oldest })
    }
}

#[async_trait]
impl Outbox for Backend {
    async fn enrol(&self, endpoint: &str, at: Timestamp, stale: Timestamp) -> Result<Enrolled, StoreError> {
        let (at, stale) = (at.as_microsecond(), stale.as_microsecond());
        let mut tx = self.write().await?;
        let added = sqlx::query(ENROL).bind(endpoint).bind(at).execute(&mut *tx).await.map_err(store_error)?.rows_affected() > 0;
        let anew = sqlx::query(ENROL_ANEW).bind(endpoint).bind(at).bind(stale).execute(&mut *tx).await.map_err(store_error)?;
        sqlx::query(FREE).bind(endpoint).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(match (added, anew.rows_affected()) {
            (true, _) => Enrolled::New,
            (false, 0) => Enrolled::Known,
            (false, _) => Enrolled::Anew,
        })
    }

    async fn hold(&self, hold: &Hold) -> Result<Option<i64>, StoreError> {
        let mut tx = self.write().await?;
        let at = hold.at.as_microsecond();
        let cursor = sqlx::query_scalar(HOLD)
            .bind(&hold.endpoint)
            .bind(hold.process)
            .bind(at)
            .bind(hold.until.as_microsecond())
            .bind(at.saturating_add(FAR_MICROS))
            .fetch_optional(&mut *tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(cursor)
    }

    async fn let_go(&self, hold: &Hold) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let query = sqlx::query(LET_GO).bind(&hold.endpoint).bind(hold.process).bind(hold.at.as_microsecond());
        query.execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)
    }

    async fn due(&self, endpoint: &str, until: Timestamp, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let query = sqlx::query_as::<_, DeliveryRow>(DUE).bind(endpoint).bind(until.as_microsecond()).bind(i64::from(limit));
        query.fetch_all(self.readers()).await.map_err(store_error)?.into_iter().map(DeliveryRow::delivery).collect()
    }

    async fn settle(&self, hold: &Hold, settled: &Settled) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let passed = sqlx::query(PASS).bind(&hold.endpoint).bind(hold.process).bind(settled.passed.unwrap_or(0));
        if passed.execute(&mut *tx).await.map_err(store_error)?.rows_affected() == 0 {
            return Ok(false);
        }
        for id in &settled.delivered {
            sqlx::query(DONE).bind(id.0).execute(&mut *tx).await.map_err(store_error)?;
        }
        for delivery in &settled.kept {
            insert(&mut tx, KEEP, delivery).await?;
        }
        if let Some(before) = settled.forget {
            let query = sqlx::query(FORGET).bind(&hold.endpoint).bind(before.as_microsecond());
            query.execute(&mut *tx).await.map_err(store_error)?;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn hasten(&self, hold: &Hold) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let query = sqlx::query(HASTEN).bind(&hold.endpoint).bind(hold.at.as_microsecond());
        query.execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)
    }

    async fn put(&self, deliveries: &[Delivery]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for delivery in deliveries {
            insert(&mut tx, PUT, delivery).await?;
        }
        tx.commit().await.map_err(store_error)
    }

    async fn backlogs(&self) -> Result<Vec<Backlog>, StoreError> {
        let rows: Vec<BacklogRow> = sqlx::query_as(BACKLOGS).fetch_all(self.readers()).await.map_err(store_error)?;
        rows.into_iter().map(BacklogRow::backlog).collect()
    }

    async fn deliveries(&self, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let query = sqlx::query_as::<_, DeliveryRow>(LISTED).bind(i64::from(limit));
        query.fetch_all(self.readers()).await.map_err(store_error)?.into_iter().map(DeliveryRow::delivery).collect()
    }

    async fn try_again(&self, again: Again, at: Timestamp, give_up_at: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let query = match again {
            Again::One(_) => sqlx::query(ONE_AGAIN),
            Again::AllDead => sqlx::query(DEAD_AGAIN),
        };
        let query = query.bind(at.as_microsecond()).bind(give_up_at.as_microsecond());
        let query = match again {
            Again::One(id) => query.bind(id.0),
            Again::AllDead => query,
        };
        let changed = query.execute(&mut *tx).await.map_err(store_error)?.rows_affected();
        tx.commit().await.map_err(store_error)?;
        Ok(changed)
    }
}

async fn insert(tx: &mut Connection, statement: &'static str, delivery: &Delivery) -> Result<(), StoreError> {
    let (event, contact) = match delivery.subject {
        Subject::Event(event) => (Some(event), None),
        Subject::Contact(contact) => (None, Some(contact.0)),
    };
    sqlx::query(statement)
        .bind(delivery.id.0)
        .bind(&delivery.endpoint)
        .bind(delivery.webhook.as_str())
        .bind(event)
        .bind(contact)
        .bind(delivery.state.as_str())
        .bind(delivery.attempts)
        .bind(delivery.created_at.as_microsecond())
        .bind(delivery.next_at.as_microsecond())
        .bind(delivery.give_up_at.as_microsecond())
        .bind(&delivery.fault)
        .execute(tx)
        .await
        .map(drop)
        .map_err(store_error)
}
