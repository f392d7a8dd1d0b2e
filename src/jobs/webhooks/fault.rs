//! Why a delivery failed.

use std::net::IpAddr;
use std::time::Duration;

/// Why a webhook cannot even be begun.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address is none.
    #[error("webhooks.endpoints.{0}.url cannot be read ({1}); it looks like https://crm.example/hooks")]
    Address(String, String),
    /// The machine cannot speak HTTPS.
    #[error("webhooks cannot be sent ({0}); install the system's root certificates (ca-certificates)")]
    Client(String),
    /// The outbox cannot be opened.
    #[error(transparent)]
    Store(#[from] crate::support::StoreError),
}

/// Why one delivery failed. The sentences go into the log and into `nightdesk webhooks list`, so they repeat nothing of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The address does not lie in the open.
    #[error("refused: {0} is a private address; set allow_private = true for this endpoint if it is meant")]
    Private(IpAddr),
    /// Nobody is there.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// Nobody answered.
    #[error("no answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// It leads elsewhere.
    #[error("it answered {0}, and redirects are not followed: name the address that it leads to")]
    Redirects(u16),
    /// It answered, but not well.
    #[error("it answered {0}")]
    Answered(u16),
}

impl Fault {
    /// Whether somebody is there who does not take this one delivery; others may be taken.
    pub fn is_of_this_delivery(&self) -> bool {
        // 408 and 429 are said by somebody who has too much to do.
        matches!(self, Self::Answered(status) if (400..500).contains(status) && !matches!(status, 408 | 429))
    }

    /// Whose answer an HTTP status is; `None` when it is a good one.
    pub fn of_status(status: u16) -> Option<Self> {
        match status {
            200..300 => None,
            300..400 => Some(Self::Redirects(status)),
            _ => Some(Self::Answered(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_apart() {
        let check = |status: u16, is_good: bool, is_of_this_delivery: bool| {
            let fault = Fault::of_status(status);
            assert_eq!(fault.is_none(), is_good, "{status}");
            assert_eq!(fault.is_some_and(|fault| fault.is_of_this_delivery()), is_of_this_delivery, "{status}");
        };
        for (status, is_good, is_of_this_delivery) in [
            (200, true, false),
            (204, true, false),
            (299, true, false),
            (301, false, false),
            (400, false, true),
            (401, false, true),
            (404, false, true),
            (408, false, false),
            (422, false, true),
            (429, false, false),
            (500, false, false),
            (503, false, false),
        ] {
            check(status, is_good, is_of_this_delivery);
        }
    }
}
