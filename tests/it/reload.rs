//! Editing the knowledge base of a running server.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::{TestApp, text};

const QUESTION: &str = "How much does delivery cost?";

/// What a new shopper is answered, as soon as it contains `expected`.
async fn becomes(app: &TestApp, expected: &str) -> String {
    let began = Instant::now();
    loop {
        let said = app.shopper().await.asks(QUESTION).await.says().to_owned();
        if said.contains(expected) || began.elapsed() > Duration::from_secs(10) {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn an_edit_is_taken_and_a_broken_file_is_not() {
    let app = TestApp::start().await;
    let file = app.shop.knowledge().join("delivery.md");
    let before = fs::read_to_string(&file).unwrap();
    assert!(becomes(&app, "$4.90").await.contains("$4.90"));

    fs::write(&file, before.replace("$4.90", "$5.50")).unwrap();
    let said = becomes(&app, "$5.50").await;
    assert!(said.contains("$5.50") && !said.contains("$4.90"), "{said}");

    // Broken in one file, changed in another: the version before stays as a whole, until all is well again.
    fs::write(&file, before.replace("locale: en", "locale en").replace("$4.90", "$6.60")).unwrap();
    fs::write(app.shop.knowledge().join("payment.md"), "no front matter\n").unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut shopper = app.shopper().await;
    assert!(shopper.asks(QUESTION).await.says().contains("$5.50"));
    let pay = shopper.asks("How can I pay?").await;
    assert!(text(&pay.reply, "/content").contains("PayPal"), "{}", pay.says());

    fs::remove_file(app.shop.knowledge().join("payment.md")).unwrap();
    fs::write(&file, before.replace("$4.90", "$7.70")).unwrap();
    assert!(becomes(&app, "$7.70").await.contains("$7.70"));
}

#[tokio::test]
async fn no_request_is_dropped_while_files_change() {
    let app = TestApp::start().await;
    let file = app.shop.knowledge().join("delivery.md");
    let before = fs::read_to_string(&file).unwrap();
    for price in 1..=12 {
        // The same question a third time would bring a person.
        let mut shopper = app.shopper().await;
        // A save by renaming, as editors do.
        let next = app.shop.write("next.md", before.replace("$4.90", &format!("$4.{price:02}")));
        fs::rename(next, &file).unwrap();
        let heard = shopper.asks(QUESTION).await;
        assert_eq!(heard.decision(), "answer");
        assert!(heard.says().contains("$4."), "an old or a new price, never none: {}", heard.says());
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert!(becomes(&app, "$4.12").await.contains("$4.12"));
}
