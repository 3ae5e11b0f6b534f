//! The HTTP client that probes and notifiers share.

use std::time::Duration;

use crate::redact::redact;

/// Returns a client that gives up after `timeout`; fails with one line if TLS can't be set up.
pub fn client(timeout: Duration) -> Result<reqwest::Client, String> {
    built(reqwest::Client::builder().timeout(timeout))
}

/// The same for sending: a redirect is an answer like any other. Followed, it would make a POST a GET, which
/// delivers nothing.
pub fn sender(timeout: Duration) -> Result<reqwest::Client, String> {
    built(reqwest::Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()))
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, String> {
    // A second installation fails, and the first one is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder.user_agent(concat!("hotfix/", env!("CARGO_PKG_VERSION"))).build().map_err(|error| reason(&error))
}

/// Returns the cause of an error on one line, without the URL, which may be a secret.
pub fn reason(error: &reqwest::Error) -> String {
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
        redact(&deepest.to_string()).into_owned()
    }
}
