//! Identifiers and random secrets.

use std::sync::Arc;

use uuid::Uuid;

use super::clock::Clock;

/// Makes identifiers (UUID v7: ordered by the time they were made) and unguessable tokens.
#[derive(Debug, Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
}

impl Ids {
    /// Identifiers stamped by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// A new identifier, ordered by time.
    pub fn uuid(&self) -> Uuid {
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
    }

    /// 32 random bytes as 64 hexadecimal digits: session tokens.
    pub fn token(&self) -> String {
        hex::encode(random::<32>())
    }

    /// 16 random bytes: the salt of a password hash.
    pub fn salt(&self) -> [u8; 16] {
        random()
    }

    /// A password that a person can type: four groups of five letters and digits without look-alikes (about 98 bits).
    pub fn password(&self) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
        let letters: Vec<char> = random::<20>().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 31)])).collect();
        letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads randomness")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random source answers");
    bytes
}
