//! Alerts and changes by PagerDuty's Events API v2:
//! <https://developer.pagerduty.com/docs/events-api-v2-overview>.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Notifier, http};
use crate::domain::incident::Topic;
use crate::domain::name;
use crate::value::Secret;
use crate::workflow::courier::{Notice, Undelivered};

/// The most characters of a summary.
const SUMMARY: usize = 1024;

/// The most characters of a key.
const KEY: usize = 255;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The integration's key.
    pub routing_key: Secret,
    #[serde(default = "url")]
    pub url: String,
}

fn url() -> String {
    "https://events.pagerduty.com".to_owned()
}

pub struct Pagerduty {
    config: Config,
}

impl Pagerduty {
    pub fn new(config: Config) -> Pagerduty {
        Pagerduty { config }
    }
}

/// What becomes of an alert.
fn action(topic: Topic) -> Option<&'static str> {
    match topic {
        Topic::Declared => Some("trigger"),
        Topic::Acknowledged => Some("acknowledge"),
        Topic::Aborted | Topic::Closed => Some("resolve"),
        _ => None,
    }
}

fn is_change(topic: Topic) -> bool {
    matches!(topic, Topic::Deployed | Topic::RolledBack)
}

#[async_trait]
impl Notifier for Pagerduty {
    fn takes(&self, topic: Topic) -> bool {
        action(topic).is_some() || is_change(topic)
    }

    fn is_usual(&self, _: Topic) -> bool {
        true
    }

    /// The key of the alert is the incident's, so an alert that is triggered twice is one. A change that is sent
    /// twice is shown twice.
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered> {
        let base = self.config.url.trim_end_matches('/');
        let (path, mut body) = match action(notice.topic) {
            Some(action) => ("v2/enqueue", alert(notice, action)),
            None => ("v2/change/enqueue", change(notice)),
        };
        body["routing_key"] = self.config.routing_key.reveal()?.into();
        let request = http::client()?.post(format!("{base}/{path}")).json(&body);
        http::ask(request)
            .await?
            .accepted(|body| {
                let errors = body["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let all: Vec<&str> = [http::text(body, "/message")].into_iter().chain(errors).collect();
                all.join(": ")
            })?
            .understood(|body| body["status"] == "success")?;
        Ok(())
    }

    /// Nobody has to close the alert of a test.
    async fn test(&self, notice: &Notice) -> Result<&'static str, Undelivered> {
        for topic in [Topic::Declared, Topic::Closed] {
            self.send(&Notice { topic, ..notice.clone() }).await?;
        }
        Ok("triggered, and resolved")
    }
}

fn alert(notice: &Notice, action: &str) -> Value {
    let about = &notice.about;
    let key: String = format!("hotfix/{}", notice.incident).chars().take(KEY).collect();
    let severity = match about.label.as_str() {
        "P0" => "critical",
        "P1" => "error",
        _ => "warning",
    };
    json!({
        "event_action": action,
        "dedup_key": key,
        "client": "hotfix",
        "payload": {
            "summary": name::line(&format!("{} {}: {}", about.id, about.label, about.title), SUMMARY),
            "source": source(&about.environment),
            "severity": severity,
            "timestamp": notice.at.to_string(),
            "custom_details": { "incident": about.id, "notice": notice.id, "text": notice.text },
        },
    })
}

fn change(notice: &Notice) -> Value {
    json!({
        "payload": {
            "summary": name::line(&notice.subject, SUMMARY),
            "source": source(&notice.about.environment),
            "timestamp": notice.at.to_string(),
            "custom_details": { "incident": notice.about.id, "notice": notice.id },
        },
    })
}

/// It may not be empty.
fn source(environment: &str) -> &str {
    if environment.is_empty() { "production" } else { environment }
}
