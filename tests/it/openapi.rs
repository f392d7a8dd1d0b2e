//! The API as documented: a change of it must be meant.

use serde_json::Value;

use crate::support::http::client;
use crate::support::{Program, TestApp};

#[tokio::test]
async fn the_document_is_the_one_that_was_agreed_and_the_one_that_is_served() {
    let printed: Value = serde_json::from_str(&Program::new(&["openapi"]).run().well()).unwrap();
    let app = TestApp::start().await;
    let served: Value = client().get(app.url("/api/openapi.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(printed, served);

    let mut document = printed;
    // A release does not change the API.
    document["info"]["version"] = "any".into();
    insta::assert_json_snapshot!("openapi", document);
}
