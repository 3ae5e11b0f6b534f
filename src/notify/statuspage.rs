//! A public page of Atlassian Statuspage: <https://developer.statuspage.io/#tag/incidents>.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Notifier;
use super::http::{self, Answer};
use crate::domain::incident::Topic;
use crate::domain::name;
use crate::value::Secret;
use crate::workflow::courier::{Notice, Phase, Undelivered};

const NAME: usize = 255;
const BODY: usize = 25_000;

/// How many of the newest incidents are looked through for ours.
const LOOKED_AT: usize = 100;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub token: Secret,
    /// The page's identifier.
    pub page: String,
    /// The identifiers of the components that are affected.
    #[serde(default)]
    pub components: Vec<String>,
    /// The name that the public sees; the incident's title if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// What the public reads at each status; a status update of a person replaces it.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
    #[serde(default = "url")]
    pub url: String,
}

fn url() -> String {
    "https://api.statuspage.io".to_owned()
}

pub struct Statuspage {
    config: Config,
}

impl Statuspage {
    pub fn new(config: Config) -> Statuspage {
        Statuspage { config }
    }

    fn address(&self) -> String {
        format!("{}/v1/pages/{}/incidents", self.config.url.trim_end_matches('/'), self.config.page)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Answer, Undelivered> {
        let request = request.header("Authorization", format!("OAuth {}", self.config.token.reveal()?));
        let answer = http::ask(request).await?;
        answer.accepted(|body| match &body["error"] {
            Value::Array(errors) => errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
            error => error.as_str().unwrap_or_default().to_owned(),
        })
    }

    /// Our incident on the page: its identifier, and the last notice that it shows.
    async fn find(&self, client: &reqwest::Client, key: &str) -> Result<Option<(String, i64)>, Undelivered> {
        let address = format!("{}?limit={LOOKED_AT}", self.address());
        let answer = self.ask(client.get(address)).await?.understood(Value::is_array)?;
        let all = answer.body.as_array().into_iter().flatten();
        let mut ours = all.filter(|found| http::text(found, "/metadata/hotfix/incident") == key);
        let found = ours.next().map(|found| {
            let seq = found.pointer("/metadata/hotfix/seq").and_then(Value::as_i64).unwrap_or_default();
            (http::text(found, "/id").to_owned(), seq)
        });
        Ok(found)
    }

    fn body(&self, notice: &Notice, is_new: bool) -> Value {
        let (about, status) = (&notice.about, status(notice));
        let text = match notice.topic {
            Topic::Update => notice.what.clone(),
            _ => self.config.texts.get(status).cloned().unwrap_or_else(|| said(status).to_owned()),
        };
        let components = self.config.components.iter().map(|id| (id.clone(), component(status, &about.label).into()));
        let mut incident = json!({
            "status": status,
            "body": text.chars().take(BODY).collect::<String>(),
            // Values at the top level of metadata have to be objects.
            "metadata": { "hotfix": { "incident": notice.incident, "seq": notice.seq } },
            "component_ids": self.config.components,
            "components": components.collect::<serde_json::Map<_, _>>(),
        });
        if is_new {
            incident["name"] = name::line(self.config.name.as_deref().unwrap_or(&about.title), NAME).into();
        }
        json!({ "incident": incident })
    }
}

/// The page's word for how far the incident is when this notice is sent.
fn status(notice: &Notice) -> &'static str {
    match (notice.topic, notice.about.phase) {
        (Topic::Closed | Topic::Aborted, _) | (_, Phase::Resolved) => "resolved",
        (_, Phase::Investigating) => "investigating",
        (_, Phase::Identified) => "identified",
        (_, Phase::Monitoring) => "monitoring",
    }
}

fn said(status: &str) -> &'static str {
    match status {
        "investigating" => "We are investigating the problem.",
        "identified" => "The problem is understood, and a solution is under way.",
        "monitoring" => "A solution is in place, and we are watching it.",
        _ => "The problem is solved.",
    }
}

fn component(status: &str, label: &str) -> &'static str {
    match (status, label) {
        ("resolved", _) => "operational",
        (_, "P0") => "major_outage",
        (_, "P1") => "partial_outage",
        _ => "degraded_performance",
    }
}

#[async_trait]
impl Notifier for Statuspage {
    fn takes(&self, topic: Topic) -> bool {
        !matches!(topic, Topic::Acknowledged | Topic::Wanted | Topic::Stuck)
    }

    fn merges(&self) -> bool {
        true
    }

    /// The incident on the page knows the last notice that it shows, so one that arrived is not sent again.
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered> {
        let client = http::client()?;
        match self.find(&client, &notice.incident).await? {
            Some((_, seq)) if seq >= notice.seq => {}
            Some((id, _)) => {
                let address = format!("{}/{id}", self.address());
                let asked = self.ask(client.patch(address).json(&self.body(notice, false))).await?;
                asked.understood(|body| body["id"].is_string())?;
            }
            // Nobody was told that it began, so nobody is told that it is over.
            None if status(notice) == "resolved" => {}
            None => {
                let asked = self.ask(client.post(self.address()).json(&self.body(notice, true))).await?;
                asked.understood(|body| body["id"].is_string())?;
            }
        }
        Ok(())
    }

    /// The page is public, so it is only read.
    async fn test(&self, notice: &Notice) -> Result<&'static str, Undelivered> {
        self.find(&http::client()?, &notice.incident).await?;
        Ok("the page can be read; nothing was published")
    }
}
