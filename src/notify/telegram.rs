//! Notices by a bot of Telegram: <https://core.telegram.org/bots/api#sendmessage>.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Notifier;
use super::http::{self, Answer};
use crate::value::Secret;
use crate::workflow::courier::{Notice, Undelivered};

/// The most characters of a message, as Telegram counts them: in units of UTF-16.
const LONGEST: usize = 4096;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The bot's token.
    pub token: Secret,
    /// The chat's number, or a channel's `@name`.
    pub chat: Chat,
    /// The topic of a group that has topics.
    #[serde(default)]
    pub thread: Option<i64>,
    #[serde(default = "url")]
    pub url: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Chat {
    Number(i64),
    Name(String),
}

fn url() -> String {
    "https://api.telegram.org".to_owned()
}

pub struct Telegram {
    config: Config,
}

impl Telegram {
    pub fn new(config: Config) -> Telegram {
        Telegram { config }
    }

    async fn post(&self, chat: &Value, text: &str) -> Result<Answer, Undelivered> {
        // The token is part of the address, so the address is never shown.
        let url = format!("{}/bot{}/sendMessage", self.config.url.trim_end_matches('/'), self.config.token.reveal()?);
        let mut body = json!({ "chat_id": chat, "text": text, "link_preview_options": { "is_disabled": true } });
        if let Some(thread) = self.config.thread {
            body["message_thread_id"] = thread.into();
        }
        http::ask(http::client()?.post(url).json(&body)).await
    }
}

#[async_trait]
impl Notifier for Telegram {
    fn merges(&self) -> bool {
        true
    }

    /// Sends plain text: no mark-up that a title could break. Telegram can't be asked what it has, so a message
    /// may arrive twice if hotfix dies before it is recorded.
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered> {
        let text = cut(&format!("{}\n\n{}", notice.subject, notice.text));
        let chat = match &self.config.chat {
            Chat::Number(number) => json!(number),
            Chat::Name(name) => json!(name),
        };
        let mut answer = self.post(&chat, &text).await?;
        // A group that became a supergroup has another number.
        if let Some(moved) = answer.body.pointer("/parameters/migrate_to_chat_id").filter(|to| to.is_i64()).cloned() {
            answer = self.post(&moved, &text).await?;
        }
        if answer.status.is_success() && answer.body["ok"] == true {
            return Ok(());
        }
        let mut refused = answer.refused(http::text(&answer.body, "/description"));
        let rest = answer.body.pointer("/parameters/retry_after").and_then(Value::as_u64);
        refused.retry_after = rest.map(http::rest).or(refused.retry_after);
        Err(refused)
    }
}

/// The text, within the limit; how much was left out is said at its end.
fn cut(text: &str) -> String {
    let length = |text: &str| text.encode_utf16().count();
    let all = length(text);
    if all <= LONGEST {
        return text.to_owned();
    }
    let room = LONGEST - length(&left_out(all));
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.len_utf16();
            used <= room
        })
        .collect();
    let left = all - length(&kept);
    kept + &left_out(left)
}

fn left_out(characters: usize) -> String {
    format!("\n({characters} more characters were left out)")
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, cut};

    #[test]
    fn a_long_text_is_cut_and_says_how_much_is_missing() {
        assert_eq!(cut("short"), "short");
        for (character, count) in [("x", 5000), ("ё", 5000), ("🔥", 2500), ("🔥", 2048), ("x", 4096)] {
            let text = character.repeat(count);
            let cut = cut(&text);
            let length = cut.encode_utf16().count();
            assert!(length <= LONGEST, "{length}");
            let all = text.encode_utf16().count();
            if all <= LONGEST {
                assert_eq!(cut, text);
                continue;
            }
            let (kept, note) = cut.split_once("\n(").unwrap();
            let missing: usize = note.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(kept.encode_utf16().count() + missing, all);
        }
    }
}
