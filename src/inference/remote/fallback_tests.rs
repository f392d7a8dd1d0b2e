//! Who answers when the server does not.

use std::time::Duration;

use super::super::scripted::{END, LONG, Local, Scripted, Step, ask, request, status, stream, text};
use super::*;
use crate::inference::engine::constraint::{Constraint, Trie, Units};
use crate::inference::text::chat::ScoringPrompt;

const HERE: &str = "said here";

fn well() -> Vec<Step> {
    stream(&[&text("said there"), END])
}

fn oops() -> Vec<Step> {
    status("500 Oops", "text/plain", "out of memory")
}

fn with_local(server: &Scripted) -> (Fallback, Arc<Local>) {
    let local = Local::new(HERE);
    (Fallback::new(server.remote(), Some(local.clone())), local)
}

#[tokio::test]
async fn a_server_that_is_well_answers() {
    let server = Scripted::start(vec![well()]).await;
    let (model, local) = with_local(&server);
    assert_eq!(ask(&model, LONG).await.unwrap(), "said there");
    assert!(local.deadlines.lock().unwrap().is_empty());
    assert_eq!((model.name(), model.fingerprint().as_str()), ("small", "small or local"));
}

#[tokio::test]
async fn a_failure_before_the_first_text_is_answered_here() {
    for script in [
        oops(),
        status("429 Slow down", "text/plain", ""),
        status("400 Too long", "text/plain", ""),
        status("200 OK", "text/html", "<html>"),
        stream(&["data: garbage\n\n"]),
        stream(&[": keep-alive\n\n", &text("")]),
        vec![],
    ] {
        let server = Scripted::start(vec![script.clone()]).await;
        assert_eq!(ask(&with_local(&server).0, LONG).await.unwrap(), HERE, "{script:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_leaves_half_of_the_time() {
    for script in [vec![Step::Hang], [stream(&[": keep-alive\n\n"]), vec![Step::Hang]].concat()] {
        let server = Scripted::start(vec![script]).await;
        let (model, local) = with_local(&server);
        assert_eq!(ask(&model, Duration::from_millis(800)).await.unwrap(), HERE);
        let left = local.deadlines.lock().unwrap()[0];
        assert!(left <= Duration::from_millis(400) && left > Duration::from_millis(50), "{left:?}");
        server.client_leaves().await;
    }
}

#[tokio::test]
async fn a_failure_after_some_text_is_an_error_and_nothing_is_doubled() {
    for script in [stream(&[&text("half")]), stream(&[&text("half"), "data: {\"error\":{\"message\":\"lost\"}}\n\n"])] {
        let server = Scripted::start(vec![script]).await;
        let (model, local) = with_local(&server);
        let mut pieces = model.generate(model.admit(Class::Shopper).unwrap(), request(LONG));
        assert_eq!(pieces.recv().await.unwrap().unwrap(), "half");
        assert!(matches!(pieces.recv().await, Some(Err(InferenceError::Remote { .. }))));
        assert!(pieces.recv().await.is_none());
        assert!(local.deadlines.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn after_three_failures_the_server_is_left_alone() {
    let server = Scripted::start(vec![oops()]).await;
    let (model, _) = with_local(&server);
    for _ in 0..5 {
        assert_eq!(ask(&model, LONG).await.unwrap(), HERE);
    }
    assert_eq!(server.requests().len(), 3);
    let alone = Fallback::new(server.remote(), None);
    let fault = ask(&alone, LONG).await.unwrap_err().to_string();
    assert!(fault.contains("status 500"), "{fault}");
    let _ = (ask(&alone, LONG).await, ask(&alone, LONG).await);
    let fault = ask(&alone, LONG).await.unwrap_err().to_string();
    assert!(fault.contains("left alone"), "{fault}");
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_request_that_the_server_does_not_like_says_nothing_about_the_server() {
    let server = Scripted::start(vec![status("400 Too long", "text/plain", "too long")]).await;
    let (model, _) = with_local(&server);
    for _ in 0..5 {
        assert_eq!(ask(&model, LONG).await.unwrap(), HERE);
    }
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn readers_who_leave_say_nothing_about_the_server() {
    let hang = [stream(&[]), vec![Step::Hang]].concat();
    let server = Scripted::start(vec![hang.clone(), hang.clone(), hang, well()]).await;
    let (model, _) = with_local(&server);
    for number in 1..=3 {
        let pieces = model.generate(model.admit(Class::Shopper).unwrap(), request(LONG));
        while server.requests().len() < number {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(pieces);
        server.client_leaves().await;
    }
    assert_eq!(ask(&model, LONG).await.unwrap(), "said there");
}

#[tokio::test]
async fn the_queue_is_bounded_whoever_answers() {
    let server = Scripted::start(vec![vec![Step::Hang]]).await;
    let (model, _) = with_local(&server);
    let places = [model.admit(Class::Shopper).unwrap(), model.admit(Class::Shopper).unwrap()];
    assert!(model.admit(Class::Shopper).is_err());
    drop(places);
    assert!(model.admit(Class::Background).is_ok());
}

#[tokio::test]
async fn what_a_server_cannot_do_stays_here() {
    let server = Scripted::start(vec![well()]).await;
    let (model, local) = with_local(&server);
    let constraint: Arc<dyn Constraint> = Arc::new(Trie::new(vec![vec![1, 2]], Units::One));
    let request = Generation { constraint: Some(constraint), ..request(LONG) };
    let mut pieces = model.generate(Permit::unbounded(Class::Shopper), request);
    assert_eq!(pieces.recv().await.unwrap().unwrap(), HERE);
    let scoring = Scoring { prompt: ScoringPrompt::Text("a".into()), continuations: vec!["b".into()], deadline: LONG };
    assert_eq!(model.score(Permit::unbounded(Class::Shopper), scoring.clone()).await.unwrap().unwrap(), [[-1.0]]);
    assert_eq!(model.tokens(vec!["b".into()]).await.unwrap().unwrap(), [[1]]);
    assert_eq!(local.deadlines.lock().unwrap().len(), 1);
    // Without a model here it is refused with what to do.
    let alone = Fallback::new(server.remote(), None);
    let fault = alone.score(Permit::unbounded(Class::Shopper), scoring).await.unwrap().unwrap_err().to_string();
    assert!(fault.contains("engine.enabled"), "{fault}");
}
