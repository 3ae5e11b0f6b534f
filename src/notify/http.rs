//! Requests to the interfaces of destinations: limits, and errors without what is secret in them.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use crate::domain::name;
use crate::redact::redact;
use crate::workflow::courier::Undelivered;

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The most bytes of an answer.
const LARGEST: usize = 4 * 1024 * 1024;

/// The longest rest that a destination can ask for; whoever asks for a year gets silence, and nobody notices.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// Returns the client of all destinations, which follows no redirect.
pub fn client() -> Result<reqwest::Client, Undelivered> {
    // Reading the system's certificates takes longer than a request.
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    match CLIENT.get() {
        Some(client) => Ok(client.clone()),
        None => Ok(CLIENT
            .get_or_init({
                let client = crate::http::sender(LIMIT)?;
                move || client
            })
            .clone()),
    }
}

/// An answer: its status, and its body as JSON, `null` if it is none.
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    retry_after: Option<Duration>,
}

impl Answer {
    /// The answer as an error; `what` the destination says of it may be anything.
    pub fn refused(&self, what: &str) -> Undelivered {
        let what = redact(what);
        let reason = match what.is_empty() {
            true => format!("status {}", self.status.as_u16()),
            false => format!("status {}: {}", self.status.as_u16(), name::line(&what, 200)),
        };
        Undelivered { reason, retry_after: self.retry_after }
    }

    /// Fails unless the status is from 200 to 299, and the body is one of this interface: a proxy that asks for a
    /// password says 200, too.
    pub fn understood(self, is_ours: impl Fn(&Value) -> bool) -> Result<Answer, Undelivered> {
        if is_ours(&self.body) { Ok(self) } else { Err(self.refused("not an answer of this interface")) }
    }

    /// Fails unless the status is from 200 to 299.
    pub fn accepted(self, what: impl Fn(&Value) -> String) -> Result<Answer, Undelivered> {
        match (self.status.is_success(), self.status.is_redirection()) {
            (true, _) => Ok(self),
            (_, true) => {
                let status = self.status.as_u16();
                Err(format!("status {status}, a redirect: give the address that it leads to").into())
            }
            _ => Err(self.refused(&what(&self.body))),
        }
    }
}

/// Sends a request and reads the whole answer.
pub async fn ask(request: RequestBuilder) -> Result<Answer, Undelivered> {
    let failed = |error: reqwest::Error| Undelivered::from(crate::http::reason(&error));
    let mut answer = request.send().await.map_err(failed)?;
    let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(format!("the answer has more than {LARGEST} bytes").into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default(), retry_after })
}

/// The seconds of `Retry-After`; a date in it is not understood, and the usual rest holds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(rest)
}

/// A rest of so many seconds, an hour at most.
pub fn rest(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST_REST)
}

/// The text in a field of an answer.
pub fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
