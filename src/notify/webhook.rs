//! Notices as JSON, POSTed to a URL.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use super::{Notifier, http};
use crate::value::Secret;
use crate::workflow::courier::{Notice, Undelivered};

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
    /// POSTs `{id, incident, topic, subject, text}`, the identifier also as Idempotency-Key, so that the
    /// receiver can recognise a second attempt. A status from 200 to 299 is a delivery.
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered> {
        let url = self.config.url.reveal()?;
        let key = format!("{}/{}", notice.incident, notice.id);
        let body = json!({
            "id": key, "incident": notice.incident, "topic": notice.topic,
            "subject": notice.subject, "text": notice.text,
        });
        let request = http::client()?.post(url).header("Idempotency-Key", key).json(&body);
        http::ask(request).await?.accepted(|_| String::new())?;
        Ok(())
    }
}
