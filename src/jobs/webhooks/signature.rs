//! The signature under a delivery, and the id that a retry keeps.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::conversation::{DeliveryId, Event, Webhook};
use crate::support::Timestamp;

/// The value of `X-Nightdesk-Signature`: over the second in which it was sent, a full stop and the very bytes of the body.
pub fn sign(secret: &SecretString, at: Timestamp, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("a key of HMAC may have any length");
    mac.update(at.as_second().to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The id under which an endpoint is told of an event. It follows from both, so that a process that was killed before it could write down what it
/// had sent sends it again under the same one.
pub fn delivery_id(endpoint: &str, webhook: Webhook, event: &Event) -> DeliveryId {
    let mut hash = Sha256::new();
    // No name holds a NUL, and what follows has a fixed length.
    hash.update(endpoint.as_bytes());
    hash.update([0]);
    hash.update(webhook.as_str().as_bytes());
    hash.update([0]);
    hash.update(event.conversation_id.0.as_bytes());
    hash.update(event.seq.to_be_bytes());
    // A database that was restored from a copy counts on from there: the same number is another event then.
    hash.update(event.at.as_microsecond().to_be_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&bytes[..16]);
    DeliveryId(uuid::Builder::from_custom_bytes(id).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{Actor, ConversationId, EventKind};
    use uuid::Uuid;

    #[test]
    fn the_signature_is_what_another_program_computes() {
        let check = |second: i64, body: &str, expect: &str| {
            let at = Timestamp::from_second(second).unwrap() + jiff::SignedDuration::from_millis(999);
            assert_eq!(sign(&"correct horse battery".into(), at, body.as_bytes()), format!("sha256={expect}"));
        };
        // Python: hmac.new(secret, b"1800000000." + body, hashlib.sha256).hexdigest()
        let expect = "fbd97870c7b3ff125da7d3568ae497ef3798f232b2408a0bf0987969a36bbf62";
        check(1_800_000_000, "{\"event\":\"ping\",\"text\":\"\u{4e24}\u{5929}\"}", expect);
    }

    #[test]
    fn an_id_follows_from_what_is_told_to_whom() {
        let event = |seq: i64, micros: i64| Event {
            id: 7,
            conversation_id: ConversationId(Uuid::from_u128(1)),
            seq,
            actor: Actor::Shopper,
            at: Timestamp::from_microsecond(micros).unwrap(),
            kind: EventKind::Rated { rating: 5, comment: None },
        };
        let id = |endpoint: &str, webhook| delivery_id(endpoint, webhook, &event(1, 2));
        let first = id("crm", Webhook::MessageCreated);
        assert_eq!(first, id("crm", Webhook::MessageCreated));
        let others = [
            id("erp", Webhook::MessageCreated),
            id("crm", Webhook::ConversationCreated),
            delivery_id("crm", Webhook::MessageCreated, &event(2, 2)),
            delivery_id("crm", Webhook::MessageCreated, &event(1, 3)),
        ];
        assert!(!others.contains(&first), "{others:?}");
    }
}
