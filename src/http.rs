//! The HTTP client that probes and notifiers share.

use std::time::Duration;

/// Returns a client that gives up after `timeout`; fails, on one line, where TLS can't be set up.
pub fn client(timeout: Duration) -> Result<reqwest::Client, String> {
    // Installing it a second time fails, and that is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().timeout(timeout).user_agent(concat!("hotfix/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| words(&error))
}

/// An error in words, without the URL, which may be a secret.
pub fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    if std::ptr::eq(deepest, error as &dyn std::error::Error) {
        "the request failed".to_owned()
    } else {
        deepest.to_string()
    }
}
