//! Slack: one message an incident, kept true, and a reply in its thread for what a person has to know.
//!
//! `chat.postMessage` has no key that makes it safe to repeat. So each message has our identifiers in its
//! metadata, and is looked up before it is sent: <https://docs.slack.dev/reference/methods/chat.postMessage>,
//! <https://docs.slack.dev/messaging/message-metadata>.

use std::fmt::Write;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Notifier, http};
use crate::domain::elapsed::elapsed;
use crate::domain::incident::Topic;
use crate::domain::name;
use crate::value::Secret;
use crate::workflow::courier::{About, Notice, Phase, Undelivered};

/// The types of our metadata.
const ROOT: &str = "hotfix_incident";
const REPLY: &str = "hotfix_notice";

/// The most characters of a section.
const SECTION: usize = 3000;

/// The most characters of a title in it.
const TITLE: usize = 300;

/// How many pages of a channel's history are looked through, 200 messages each.
const PAGES: usize = 5;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A bot's token, with the scopes chat:write and channels:history (groups:history for a private channel).
    pub token: Secret,
    /// The channel's identifier: `C0123456789`.
    pub channel: String,
    #[serde(default = "url")]
    pub url: String,
}

fn url() -> String {
    "https://slack.com/api".to_owned()
}

pub struct Slack {
    config: Config,
}

impl Slack {
    pub fn new(config: Config) -> Slack {
        Slack { config }
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Value, Undelivered> {
        let request = request.bearer_auth(self.config.token.reveal()?);
        let answer = http::ask(request).await?.accepted(|body| http::text(body, "/error").to_owned())?;
        // Slack answers 200 to what it refuses, too.
        match answer.body["ok"] == true {
            true => Ok(answer.body),
            false => Err(answer.refused(&words(http::text(&answer.body, "/error"), &answer.body))),
        }
    }

    async fn post(&self, client: &reqwest::Client, method: &str, mut body: Value) -> Result<Value, Undelivered> {
        body["channel"] = self.config.channel.clone().into();
        self.call(client.post(format!("{}/{method}", self.config.url.trim_end_matches('/'))).json(&body)).await
    }

    /// Looks for a message by its metadata among those that `method` lists since the incident was declared.
    async fn find(
        &self,
        client: &reqwest::Client,
        method: &str,
        thread: Option<&str>,
        notice: &Notice,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, Undelivered> {
        // A minute for clocks that differ.
        let oldest = (notice.about.declared.as_second() - 60).to_string();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let mut query = vec![
                ("channel", self.config.channel.as_str()),
                ("include_all_metadata", "true"),
                ("oldest", &oldest),
                ("limit", "200"),
            ];
            query.extend(thread.map(|thread| ("ts", thread)));
            query.extend(Some(("cursor", cursor.as_str())).filter(|(_, cursor)| !cursor.is_empty()));
            let url = format!("{}/{method}", self.config.url.trim_end_matches('/'));
            let url = reqwest::Url::parse_with_params(&url, &query).map_err(|_| "the address is wrong".to_owned())?;
            let listed = self.call(client.get(url)).await?;
            if let Some(found) = listed["messages"].as_array().into_iter().flatten().find(|message| is_it(message)) {
                return Ok(Some(found.clone()));
            }
            http::text(&listed, "/response_metadata/next_cursor").clone_into(&mut cursor);
            if cursor.is_empty() {
                break;
            }
        }
        Ok(None)
    }
}

/// Slack's errors that a person can do something about, in words.
fn words(error: &str, body: &Value) -> String {
    match error {
        "not_in_channel" => "the bot is not in the channel: invite it there".to_owned(),
        "channel_not_found" => "there is no such channel, or the bot may not see it".to_owned(),
        "invalid_auth" | "token_revoked" | "token_expired" | "account_inactive" | "not_authed" => {
            format!("the token is not valid ({error})")
        }
        "missing_scope" => format!("the token lacks the scope {}", http::text(body, "/needed")),
        "" => "no answer of Slack's".to_owned(),
        error => error.to_owned(),
    }
}

/// Whether a notice gets a reply of its own; the others only change the incident's message.
fn is_replied(topic: Topic) -> bool {
    matches!(
        topic,
        Topic::Update | Topic::Wanted | Topic::Bad | Topic::RolledBack | Topic::Stuck | Topic::Aborted | Topic::Closed
    )
}

#[async_trait]
impl Notifier for Slack {
    fn is_usual(&self, _: Topic) -> bool {
        true
    }

    fn merges(&self) -> bool {
        true
    }

    /// Each of the calls looks first, so all may be repeated after a crash between any two.
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered> {
        let client = http::client()?;
        let is_root = |message: &Value| {
            http::text(message, "/metadata/event_type") == ROOT
                && http::text(message, "/metadata/event_payload/incident") == notice.incident
        };
        let root = self.find(&client, "conversations.history", None, notice, is_root).await?;
        let known = root.as_ref().and_then(|root| root.pointer("/metadata/event_payload/seq")?.as_i64());
        let mut message = message(&root_text(notice), &plain(&notice.about));
        message["metadata"] =
            json!({ "event_type": ROOT, "event_payload": { "incident": notice.incident, "seq": notice.seq } });
        let Some(ts) = root.as_ref().map(|root| http::text(root, "/ts").to_owned()) else {
            let posted = self.post(&client, "chat.postMessage", message).await?;
            let ts = http::text(&posted, "/ts").to_owned();
            // The message of a later notice, whose earlier ones were left out, lacks what happened.
            return match is_replied(notice.topic) || !notice.covers.is_empty() {
                true => self.reply(&client, &ts, notice).await,
                false => Ok(()),
            };
        };
        if is_replied(notice.topic) || !notice.covers.is_empty() {
            self.reply(&client, &ts, notice).await?;
        }
        // Last, as it says that all before it is there.
        if known.is_none_or(|known| known < notice.seq) {
            message["ts"] = ts.into();
            self.post(&client, "chat.update", message).await?;
        }
        Ok(())
    }
}

impl Slack {
    async fn reply(&self, client: &reqwest::Client, ts: &str, notice: &Notice) -> Result<(), Undelivered> {
        let is_it = |message: &Value| {
            http::text(message, "/metadata/event_type") == REPLY
                && http::text(message, "/metadata/event_payload/incident") == notice.incident
                && http::text(message, "/metadata/event_payload/notice") == notice.id
        };
        if self.find(client, "conversations.replies", Some(ts), notice, is_it).await?.is_some() {
            return Ok(());
        }
        let mut message = message(&cut(&escape(&notice.text), SECTION), &notice.subject);
        message["thread_ts"] = ts.into();
        // Whoever looks at the channel only has to see that production is worse.
        message["reply_broadcast"] = matches!(notice.topic, Topic::Bad | Topic::Stuck).into();
        message["metadata"] =
            json!({ "event_type": REPLY, "event_payload": { "incident": notice.incident, "notice": notice.id } });
        self.post(client, "chat.postMessage", message).await?;
        Ok(())
    }
}

/// A message of one section; `plain` is what notifications and screen readers get.
fn message(text: &str, plain: &str) -> Value {
    json!({
        "text": escape(plain),
        "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": text } }],
        "unfurl_links": false,
    })
}

fn plain(about: &About) -> String {
    name::line(&format!("{} {}: {}", about.id, about.label, about.title), TITLE)
}

/// The incident as it is.
fn root_text(notice: &Notice) -> String {
    let about = &notice.about;
    let phase = match about.phase {
        Phase::Investigating => "investigating",
        Phase::Identified => "being fixed",
        Phase::Monitoring => "deployed, being watched",
        Phase::Resolved => "over",
    };
    let mut text = format!("*{}*\n{phase}, {}", escape(&plain(about)), elapsed(about.duration));
    if !about.environment.is_empty() {
        let _ = write!(text, ", {}", escape(&about.environment));
    }
    if let Some(wanted) = &about.wanted {
        let _ = write!(text, "\n*{}*", escape(wanted));
    }
    let _ = write!(text, "\nlast: {}", escape(&name::line(&notice.subject, TITLE)));
    cut(&text, SECTION)
}

/// Text in Slack's mark-up, in which three characters have a meaning of their own:
/// <https://docs.slack.dev/messaging/formatting-message-text>. A mention is a link, so it can't be made.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The first `most` characters; never half of an entity.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most - 1).collect();
    if let Some(entity) = cut.rfind('&').filter(|at| !cut[*at..].contains(';')) {
        cut.truncate(entity);
    }
    cut + "…"
}

#[cfg(test)]
mod tests {
    use super::{cut, escape};

    #[test]
    fn no_text_becomes_mark_up() {
        assert_eq!(escape("<!channel> a & b <@U1>"), "&lt;!channel&gt; a &amp; b &lt;@U1&gt;");
        assert_eq!(cut("short", 10), "short");
        for most in 2..12 {
            let cut = cut("ab&amp;cd&lt;ef", most);
            assert!(cut.chars().count() <= most, "{cut}");
            assert!(cut.matches('&').count() == cut.matches(';').count(), "{cut}");
        }
    }
}
