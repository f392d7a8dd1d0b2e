//! The HTTP client of the actors, who speak to this machine alone.

use reqwest::{Certificate, Client, ClientBuilder};

/// A client to be set up further. It needs no certificates of the system, and no proxy stands between two ends of one machine.
pub fn builder() -> ClientBuilder {
    // Fails when another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only(std::iter::empty::<Certificate>())
}

/// A client.
pub fn client() -> Client {
    builder().build().unwrap()
}
