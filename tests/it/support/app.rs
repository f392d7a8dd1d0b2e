//! The server in the test's own process: the very code that the program runs.

use nightdesk::app::{Running, open_store, start};
use nightdesk::conversation::AgentId;
use nightdesk::identity::{Agent as Account, AgentName, Email, NewAgent, Role, hash_password};
use nightdesk::support::{Clock, Ids, SystemClock};
use secrecy::SecretString;

use super::http::client;
use super::{Agent, Shop, Shopper};

/// A server with its shop. It stops with the test.
pub struct TestApp {
    /// The folder that it serves.
    pub shop: Shop,
    url: String,
    running: Option<Running>,
}

/// What every agent of the tests logs in with.
pub const PASSWORD: &str = "correct horse battery";

impl TestApp {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        Self::serve(Shop::new()).await
    }

    /// Starts one on a folder.
    pub async fn serve(shop: Shop) -> Self {
        let running = start(shop.settings(), None).await.unwrap();
        Self { url: format!("http://{}", running.address), shop, running: Some(running) }
    }

    /// Stops it and starts it again on the same folder.
    pub async fn restart(&mut self) {
        self.running.take().expect("it runs").stop().await.unwrap();
        let running = start(self.shop.settings(), None).await.unwrap();
        self.url = format!("http://{}", running.address);
        self.running = Some(running);
    }

    /// Stops it.
    pub async fn stop(mut self) {
        self.running.take().expect("it runs").stop().await.unwrap();
    }

    /// An address of the server.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Somebody new with the shop's widget open.
    pub async fn shopper(&self) -> Shopper {
        Shopper::arrive(&self.url).await
    }

    /// An agent of that name, added and logged in.
    pub async fn agent(&self, name: &str) -> Agent {
        self.hire(name).await;
        let agent = Agent::nobody(&self.url);
        let answer = agent.log_in(&format!("{name}@shop.example"), PASSWORD).await;
        assert_eq!(answer.status(), 200, "{name} logs in");
        agent
    }

    /// Adds an agent as `nightdesk agents add` does: beside the running server.
    pub async fn hire(&self, name: &str) {
        let store = open_store(&self.shop.settings()).await.unwrap();
        let clock = std::sync::Arc::new(SystemClock);
        let ids = Ids::new(clock.clone());
        let agent = Account {
            id: AgentId(ids.uuid()),
            email: Email::parse(&format!("{name}@shop.example")).unwrap(),
            name: AgentName::parse(name).unwrap(),
            role: Role::Agent,
            created_at: clock.now(),
        };
        let password = hash_password(&SecretString::from(PASSWORD), ids.salt());
        assert!(store.add(NewAgent { agent, password }).await.unwrap());
        store.close().await;
    }

    /// An agent who has not logged in.
    pub fn stranger(&self) -> Agent {
        Agent::nobody(&self.url)
    }

    /// Whether the server still answers.
    pub async fn is_well(&self) -> bool {
        client().get(self.url("/health/ready")).send().await.is_ok_and(|answer| answer.status() == 200)
    }
}
