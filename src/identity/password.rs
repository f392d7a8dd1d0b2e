//! Passwords: argon2id, and nothing that prints one.

use std::sync::LazyLock;

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};

/// The shortest password in characters.
pub const PASSWORD_MIN: usize = 10;
/// The longest: hashing more would let a caller spend our time.
pub const PASSWORD_MAX: usize = 256;

/// A password hash in PHC form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Under [`PASSWORD_MIN`] characters.
    #[error("the password is too short: give at least {PASSWORD_MIN} characters")]
    TooShort,
    /// Over [`PASSWORD_MAX`] characters.
    #[error("the password is too long: give at most {PASSWORD_MAX} characters")]
    TooLong,
}

/// The rule for a new password: its length and nothing else, so that a sentence is as welcome as a jumble.
pub fn check_password(password: &SecretString) -> Result<(), PasswordError> {
    match password.expose_secret().chars().count() {
        0..PASSWORD_MIN => Err(PasswordError::TooShort),
        PASSWORD_MIN..=PASSWORD_MAX => Ok(()),
        _ => Err(PasswordError::TooLong),
    }
}

/// Hashes a password under a salt from `support::Ids`. Takes some 30 ms of computing: not for an async thread.
pub fn hash_password(password: &SecretString, salt: [u8; 16]) -> PasswordHash {
    let hash: phc::PasswordHash = hasher()
        .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
        .expect("a salt of 16 bytes and our own parameters are valid");
    PasswordHash(hash.to_string())
}

/// Whether the password is the one behind the hash. Without a hash it takes the same time and says no, so that nobody learns from the
/// clock which agents exist. Not for an async thread.
pub fn verify_password(password: &SecretString, hash: Option<&PasswordHash>) -> bool {
    /// The hash of a password that nobody has: what is checked against when there is no agent.
    static NOBODY: LazyLock<PasswordHash> = LazyLock::new(|| hash_password(&SecretString::from("nobody has this password"), [0; 16]));

    let known = hash.unwrap_or(&NOBODY);
    let fits = password.expose_secret().chars().count() <= PASSWORD_MAX;
    // A password over the limit costs what any other does: a cut one is checked in its stead.
    let text: String = password.expose_secret().chars().take(PASSWORD_MAX).collect();
    let text = SecretString::from(text);
    let same = hasher().verify_password(text.expose_secret().as_bytes(), known.0.as_str()).is_ok();
    same && fits && hash.is_some()
}

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("OWASP's parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_password_opens_its_own_hash_only() {
        let hash = hash_password(&secret("correct horse battery"), [7; 16]);
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        let check = |password: &str, hash: Option<&PasswordHash>, expect: bool| {
            assert_eq!(verify_password(&secret(password), hash), expect, "{password}")
        };
        check("correct horse battery", Some(&hash), true);
        check("correct horse batterz", Some(&hash), false);
        check("", Some(&hash), false);
        check("nobody has this password", None, false);
        check("correct horse battery", Some(&PasswordHash("not a hash".to_owned())), false);
        assert_ne!(hash_password(&secret("correct horse battery"), [8; 16]), hash);
    }

    #[test]
    fn a_password_that_is_too_long_is_not_cut_into_a_right_one() {
        let longest = "\u{e9}".repeat(PASSWORD_MAX);
        let hash = hash_password(&secret(&longest), [1; 16]);
        assert!(verify_password(&secret(&longest), Some(&hash)));
        assert!(!verify_password(&secret(&format!("{longest}x")), Some(&hash)));
    }

    #[test]
    fn the_rule_counts_characters() {
        let check =
            |password: String, expect: Result<(), PasswordError>| assert_eq!(check_password(&secret(&password)), expect, "{password}");
        check(String::new(), Err(PasswordError::TooShort));
        check("123456789".to_owned(), Err(PasswordError::TooShort));
        check("1234567890".to_owned(), Ok(()));
        check("\u{5bc6}".repeat(10), Ok(()));
        check("x".repeat(256), Ok(()));
        check("x".repeat(257), Err(PasswordError::TooLong));
    }

    #[test]
    fn a_hash_is_never_printed() {
        assert_eq!(format!("{:?}", PasswordHash("$argon2id$secret".to_owned())), "PasswordHash(..)");
    }
}
