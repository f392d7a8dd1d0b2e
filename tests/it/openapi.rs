//! The API as documented: a change of it must be meant.

use serde_json::Value;

use crate::support::{Program, TestApp};

#[tokio::test]
async fn the_document_is_the_one_that_was_agreed_and_the_one_that_is_served() {
    let printed: Value = serde_json::from_str(&Program::new(&["openapi"]).run().well()).unwrap();
    let app = TestApp::start().await;
    let served: Value = reqwest::get(app.url("/api/openapi.json")).await.unwrap().json().await.unwrap();
    assert_eq!(printed, served);

    let mut document = printed;
    // A release does not change the API.
    document["info"]["version"] = "any".into();
    insta::assert_json_snapshot!("openapi", document);
}
