//! The HTTP client of everything that asks a model server.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Url};

use crate::inference::error::InferenceError;

/// A server that is there takes the connection at once; what it does with it may take longer.
const CONNECT: Duration = Duration::from_secs(1);

/// The address of a server, ready for `join`.
pub fn base(url: &str) -> Result<Url, InferenceError> {
    let refuse = |fault: &str| InferenceError::Remote { url: url.to_owned(), fault: fault.to_owned() };
    let mut base = Url::parse(url).map_err(|fault| refuse(&format!("the address cannot be read ({fault})")))?;
    if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
        return Err(refuse("the address must begin with http:// or https:// and name a host"));
    }
    let folder = format!("{}/", base.path().trim_end_matches('/'));
    base.set_path(&folder);
    Ok(base)
}

/// A client for that server. It follows no redirect and no proxy of the environment: what a shopper wrote goes to the configured server alone.
pub fn client(base: &Url) -> Result<Client, InferenceError> {
    // Fails when the process has a provider already: this function was called before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder().connect_timeout(CONNECT).no_proxy().redirect(Policy::none());
    if base.scheme() == "http" {
        // The system's certificates are read when a client is made, and a machine without any could not even speak plain HTTP.
        builder = builder.tls_certs_only(std::iter::empty::<Certificate>());
    }
    builder.build().map_err(|fault| InferenceError::Remote { url: base.to_string(), fault: cause(&fault) })
}

/// The innermost reason of a fault, which names the thing; the outer ones only say that a request failed.
pub(super) fn cause(fault: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = fault;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_below_the_base() {
        for url in ["http://127.0.0.1:8081/v1", "http://127.0.0.1:8081/v1/"] {
            assert_eq!(base(url).unwrap().join("chat/completions").unwrap().as_str(), "http://127.0.0.1:8081/v1/chat/completions");
        }
        for url in ["", "here", "ftp://host/v1", "/v1", "http://"] {
            assert!(base(url).is_err(), "{url}");
        }
    }

    #[test]
    fn clients_for_both_schemes_are_made_any_number_of_times() {
        for url in ["http://127.0.0.1/v1", "http://127.0.0.1/v1", "https://127.0.0.1/v1"] {
            // A machine without root certificates may refuse the last, but in a sentence.
            if let Err(fault) = client(&base(url).unwrap()) {
                assert!(url.starts_with("https") && fault.to_string().contains("certificates"), "{fault}");
            }
        }
    }
}
