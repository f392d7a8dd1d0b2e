//! What a first start makes: the demo shop's data, and the first administrator.

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

use crate::commerce::import;
use crate::conversation::AgentId;
use crate::identity::{Agent, AgentName, Email, NewAgent, Role, hash_password};
use crate::store::Store;
use crate::support::{Clock, Ids};

/// The demo shop's customers, products and orders, in the documented format.
const SHOP: &str = include_str!("demo/shop.json");
/// What the first administrator logs in with.
pub const FIRST_ADMIN: &str = "admin@nightdesk.local";

/// Loads the demo shop into a database that has no orders.
pub async fn load_demo_shop(store: &dyn Store) -> anyhow::Result<()> {
    if store.order_count().await? > 0 {
        return Ok(());
    }
    let data = import::parse(SHOP).context("the built-in demo shop cannot be read")?;
    let counts = store.import(&data).await?;
    tracing::info!(demo.customers = counts.customers, demo.orders = counts.orders, "the demo shop was loaded");
    Ok(())
}

/// Adds an administrator with a new password where there is no agent at all; the password is returned to be shown once.
pub async fn first_admin(store: &dyn Store, ids: &Ids, clock: &dyn Clock) -> anyhow::Result<Option<SecretString>> {
    if !store.list().await?.is_empty() {
        return Ok(None);
    }
    let password = SecretString::from(ids.password());
    let agent = Agent {
        id: AgentId(ids.uuid()),
        email: Email::parse(FIRST_ADMIN).context("the first administrator's address is no address")?,
        name: AgentName::parse("Admin").context("the first administrator's name is no name")?,
        role: Role::Admin,
        created_at: clock.now(),
    };
    let hash = hash_password(&SecretString::from(password.expose_secret()), ids.salt());
    Ok(store.add(NewAgent { agent, password: hash }).await?.then_some(password))
}
