//! Agents come, log in, and go.

use secrecy::SecretString;

use super::{Store, World, rand_hash};
use crate::conversation::{AgentId, HandoffReason, Status};
use crate::desk::Queue;
use crate::identity::{Agent, AgentName, Credentials, Email, NewAgent, PasswordHash, Role, hash_password, login};
use crate::support::Timestamp;

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) async fn an_email_is_taken_once<S: Store>(w: World<S>) {
    let id = w.agent("ana").await;
    let twin = Agent {
        id: AgentId(w.ids.uuid()),
        email: email("ANA@shop.example"),
        name: AgentName::parse("Ana B").unwrap(),
        role: Role::Admin,
        created_at: w.now(),
    };
    let new = NewAgent { agent: twin, password: PasswordHash("other".to_owned()) };
    assert!(!w.store.add(new.clone()).await.unwrap());
    let (agent, hash) = w.store.credentials(&email("ana@shop.example")).await.unwrap().unwrap();
    assert_eq!((agent.id, hash), (id, PasswordHash("none".to_owned())));
    assert!(w.store.remove(&agent.email).await.unwrap());
    assert!(w.store.add(new.clone()).await.unwrap(), "an address is free again after its agent left");
    assert_eq!(w.store.list().await.unwrap(), [new.agent]);
}

pub(crate) async fn a_removed_agent_keeps_their_name_and_nothing_else<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    w.agent("ben").await;
    let (token, at) = (rand_hash(&w.ids), w.now());
    w.store.begin_session(ana, token, at, Timestamp::from_second(at.as_second() + 3600).unwrap()).await.unwrap();
    assert!(w.store.remove(&email("ana@shop.example")).await.unwrap());
    assert!(!w.store.remove(&email("ana@shop.example")).await.unwrap());
    assert_eq!(w.store.agent(ana).await.unwrap().unwrap().name.as_str(), "ana");
    assert_eq!(w.store.credentials(&email("ana@shop.example")).await.unwrap(), None);
    assert_eq!(w.store.agent_of_session(token, w.now()).await.unwrap(), None);
    assert_eq!(w.store.list().await.unwrap().len(), 1);
}

pub(crate) async fn what_a_removed_agent_had_goes_back_to_the_queue<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    let (_, conversation) = w.waiting().await;
    let (_, done) = w.waiting().await;
    w.store.claim(w.claim(conversation.id, ana), w.handoff(HandoffReason::Asked)).await.unwrap();
    w.store.resolve(w.claim(done.id, ana)).await.unwrap();
    w.store.remove(&email("ana@shop.example")).await.unwrap();
    let now = w.conversation(conversation.id).await;
    assert_eq!((now.status, now.assignee), (Status::Open, None));
    assert_eq!(w.store.tickets(Queue::Unassigned, w.now(), 10).await.unwrap().len(), 1);
    assert_eq!(w.story(conversation.id).await.last().unwrap(), "open>open agent_removed");
    assert_eq!(w.story(done.id).await.last().unwrap(), "open>resolved resolved");
}

pub(crate) async fn sessions_end<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    let begin = async |seconds: i64| {
        let (token, at) = (rand_hash(&w.ids), w.now());
        w.store.begin_session(ana, token, at, Timestamp::from_second(at.as_second() + seconds).unwrap()).await.unwrap();
        token
    };
    let (long, short, other) = (begin(3600).await, begin(1).await, begin(3600).await);
    assert_eq!(w.store.agent_of_session(long, w.now()).await.unwrap().unwrap().id, ana);
    assert_eq!(w.store.agent_of_session(short, w.now()).await.unwrap(), None);
    w.store.end_session(long).await.unwrap();
    assert_eq!(w.store.agent_of_session(long, w.now()).await.unwrap(), None);
    assert!(w.store.set_password(&email("ana@shop.example"), PasswordHash("new".to_owned())).await.unwrap());
    assert_eq!(w.store.agent_of_session(other, w.now()).await.unwrap(), None, "a new password ends the sessions");
    assert!(!w.store.set_password(&email("nobody@shop.example"), PasswordHash("new".to_owned())).await.unwrap());
}

pub(crate) async fn login_takes_the_right_password_only<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    let right = SecretString::from("correct horse battery");
    w.store.set_password(&email("ana@shop.example"), hash_password(&right, w.ids.salt())).await.unwrap();
    let enter = async |email: &str, password: &str| {
        let credentials = Credentials { email: email.to_owned(), password: SecretString::from(password) };
        login(&w.store, credentials, &w.ids, w.now()).await.unwrap()
    };
    let (agent, token) = enter(" Ana@Shop.example", "correct horse battery").await.unwrap();
    assert_eq!(agent.id, ana);
    assert_eq!(w.store.agent_of_session(token.hash(), w.now()).await.unwrap(), Some(agent));
    for (email, password) in
        [("ana@shop.example", "wrong"), ("bo@shop.example", "correct horse battery"), ("not an address", "x"), ("", "")]
    {
        assert!(enter(email, password).await.is_none(), "{email} {password}");
    }
}
