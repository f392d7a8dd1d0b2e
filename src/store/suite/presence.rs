//! Who is at the desk.

use super::{Store, World};
use crate::desk::Standing;
use crate::identity::Email;
use crate::support::Timestamp;

/// The world's clock goes on by a second with each look; nothing here is a minute apart.
const EVER: Timestamp = Timestamp::UNIX_EPOCH;

pub(crate) async fn an_agent_is_here_while_their_console_is_noted<S: Store>(w: World<S>) {
    let (ana, ben) = (w.agent("ana").await, w.agent("ben").await);
    assert_eq!(w.store.here_since(EVER).await.unwrap(), 0, "nobody has opened a console");
    let first = w.now();
    w.store.seen(ana, first).await.unwrap();
    w.store.seen(ben, w.now()).await.unwrap();
    assert_eq!(w.store.here_since(EVER).await.unwrap(), 2);
    assert_eq!(w.store.here_since(first).await.unwrap(), 1, "who was not noted since has faded out");
    let later = w.now();
    w.store.seen(ana, later).await.unwrap();
    assert_eq!(w.store.here_since(first).await.unwrap(), 2, "who is noted again is here again, and once");
    w.store.left(ana, later).await.unwrap();
    assert_eq!(w.store.here_since(EVER).await.unwrap(), 1, "who closed the console is gone at once");
}

pub(crate) async fn a_console_of_another_process_keeps_its_agent<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    let here = w.now();
    w.store.seen(ana, here).await.unwrap();
    let there = w.now();
    w.store.seen(ana, there).await.unwrap();
    w.store.left(ana, here).await.unwrap();
    assert_eq!(w.store.here_since(EVER).await.unwrap(), 1, "the other console is open");
    w.store.left(ana, there).await.unwrap();
    assert_eq!(w.store.here_since(EVER).await.unwrap(), 0);
}

pub(crate) async fn an_agent_who_is_away_is_not_here<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    assert_eq!(w.store.standing(ana).await.unwrap(), Standing::Here);
    w.store.stand(ana, Standing::Away).await.unwrap();
    assert_eq!(w.store.here_since(EVER).await.unwrap(), 0, "to set oneself away opens no console");
    w.store.seen(ana, w.now()).await.unwrap();
    assert_eq!((w.store.standing(ana).await.unwrap(), w.store.here_since(EVER).await.unwrap()), (Standing::Away, 0));
    w.store.stand(ana, Standing::Here).await.unwrap();
    assert_eq!((w.store.standing(ana).await.unwrap(), w.store.here_since(EVER).await.unwrap()), (Standing::Here, 1));
}

pub(crate) async fn an_agent_who_was_removed_is_not_here<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    w.store.seen(ana, w.now()).await.unwrap();
    assert!(w.store.remove(&Email::parse("ana@shop.example").unwrap()).await.unwrap());
    assert_eq!(w.store.here_since(EVER).await.unwrap(), 0);
}
