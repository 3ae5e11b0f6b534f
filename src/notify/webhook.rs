//! Notices as JSON, POSTed to a URL.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use super::Notifier;
use crate::value::Secret;
use crate::workflow::courier::Notice;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub url: Secret,
}

pub struct Webhook {
    config: Config,
}

impl Webhook {
    pub fn new(config: Config) -> Webhook {
        Webhook { config }
    }
}

#[async_trait]
impl Notifier for Webhook {
    async fn has(&self, _: &Notice) -> Result<Option<bool>, String> {
        Ok(None)
    }

    /// POSTs `{id, incident, subject, text}`, the identifier also as Idempotency-Key, so that the
    /// receiver can recognise a second attempt. A status from 200 to 299 is a delivery.
    async fn send(&self, notice: &Notice) -> Result<(), String> {
        let url = self.config.url.reveal()?;
        let key = format!("{}/{}", notice.incident, notice.id);
        let body = json!({
            "id": key, "incident": notice.incident, "subject": notice.subject, "text": notice.text,
        });
        let request =
            crate::http::sender(Duration::from_secs(10))?.post(url).header("Idempotency-Key", key).json(&body);
        let answer = request.send().await.map_err(|error| crate::http::reason(&error))?;
        let status = answer.status();
        match (status.is_success(), status.is_redirection()) {
            (true, _) => Ok(()),
            (_, true) => Err(format!("status {}, a redirect: give the address that it leads to", status.as_u16())),
            _ => Err(format!("status {}", status.as_u16())),
        }
    }
}
