//! The OpenAPI document, out of the handlers themselves.

use axum::Router;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::SESSION_COOKIE;
use super::dto::ErrorBody;
use super::dto::event::{DeltaEvent, RatedEvent, StatusChangedEvent, TypingEvent, UpdatedEvent};
use super::state::AppState;
use super::{agent, health, widget};

#[derive(OpenApi)]
#[openapi(
    info(title = "Nightdesk", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    tags(
        (name = "widget", description = "The shopper's side"),
        (name = "agent", description = "The agents' side"),
        (name = "health", description = "For whoever runs the program")
    ),
    components(schemas(ErrorBody, DeltaEvent, StatusChangedEvent, UpdatedEvent, RatedEvent, TypingEvent)),
    modifiers(&Schemes)
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE))));
    }
}

/// The routes that the document describes, and the document.
pub(super) fn described() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(widget::routes())
        .merge(agent::routes())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .split_for_parts()
}

/// The OpenAPI document of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_an_id_a_tag_and_schemas_that_exist() {
        let document = openapi().to_json().unwrap();
        let value: serde_json::Value = serde_json::from_str(&document).unwrap();
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in value["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no id"));
                assert!(ids.insert(id.to_owned()), "{id} stands twice");
                assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "tags of {id}");
            }
        }
        assert_eq!(ids.len(), 31);
        for reference in document.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(value["components"]["schemas"].get(name).is_some(), "schema {name} is missing");
        }
        assert_eq!(document, openapi().to_json().unwrap());
    }
}
