//! Whether somebody is there, on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::time;
use crate::desk::Availability;

/// Whether somebody is at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Availability)]
pub struct AvailabilityDto {
    /// `online`: somebody is there. `nobody`: the desk is open, and nobody is there at the moment. `closed`: nobody is expected now.
    #[schema(example = "closed")]
    pub state: &'static str,
    /// Of a closed desk: when it opens again, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub opens_at: Option<String>,
}

impl From<&Availability> for AvailabilityDto {
    fn from(availability: &Availability) -> Self {
        let opens_at = match availability {
            Availability::Closed { opens: Some(opening) } => Some(time(opening.at)),
            Availability::Closed { opens: None } | Availability::Nobody | Availability::Online => None,
        };
        Self { state: availability.as_str(), opens_at }
    }
}

/// Whether somebody is at the desk.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailabilityResponse {
    /// As it is now.
    pub availability: AvailabilityDto,
}
