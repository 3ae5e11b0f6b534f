//! A request on a NATS subject, and a reply to it.
//!
//! The client protocol of NATS (docs.nats.io, "NATS Protocol") is lines of text: INFO from the
//! server, then CONNECT, SUB, PUB and PING; the reply is a MSG. Without TLS.

use std::time::Instant;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::Look;
use crate::domain::name;
use crate::domain::reading::Reading;
use crate::value::{Length, Secret};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `host:port`.
    pub address: String,
    pub subject: String,
    #[serde(default)]
    pub payload: String,
    /// The reply has to contain this.
    #[serde(default)]
    pub contains: Option<String>,
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub password: Option<Secret>,
    #[serde(default)]
    pub token: Option<Secret>,
    #[serde(default = "super::timeout")]
    pub timeout: Length,
}

/// The most bytes of a reply that are read: NATS' own default for a message.
const MOST: u64 = 1024 * 1024;

pub struct Nats {
    config: Config,
    /// What is sent after the server's greeting.
    request: String,
}

impl Nats {
    pub fn new(config: &Config) -> Result<Nats, String> {
        let Config { subject, payload, .. } = config;
        if subject.is_empty()
            || subject.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '>'))
        {
            return Err(format!("`{subject}` is not a subject for a request"));
        }
        let reveal = |secret: &Option<Secret>| secret.as_ref().map(Secret::reveal).transpose();
        let connect = json!({
            "verbose": false, "pedantic": false, "tls_required": false, "name": "hotfix", "lang": "rust",
            "version": env!("CARGO_PKG_VERSION"), "protocol": 1, "headers": true, "no_responders": true,
            "user": config.user, "pass": reveal(&config.password)?, "auth_token": reveal(&config.token)?,
        });
        let inbox = format!("_INBOX.hotfix.{}", std::process::id());
        let length = payload.len();
        let request = format!("CONNECT {connect}\r\nSUB {inbox} 1\r\nPUB {subject} {inbox} {length}\r\n{payload}\r\n");
        Ok(Nats { config: config.clone(), request })
    }

    /// Returns the reply.
    async fn ask(&self) -> std::io::Result<Result<String, String>> {
        let mut stream = BufReader::new(TcpStream::connect(&self.config.address).await?.take(2 * MOST));
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if !line.starts_with("INFO ") {
            return Ok(Err("it does not answer like a NATS server".to_owned()));
        }
        stream.get_mut().get_mut().write_all(self.request.as_bytes()).await?;
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(Err("the server closed the connection".to_owned()));
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.first().copied().unwrap_or_default() {
                "PING" => stream.get_mut().get_mut().write_all(b"PONG\r\n").await?,
                "-ERR" => return Ok(Err(name::line(&line, 160))),
                // No responders: a message of headers only, with the status 503.
                "HMSG" => {
                    let (headers, body) = (length_at(&words, 2), length_at(&words, 1));
                    let message = read(&mut stream, body).await?;
                    let rest = message.get(headers as usize..).unwrap_or_default();
                    return Ok(match message.starts_with("NATS/1.0 503") {
                        true => Err("nobody answers this subject".to_owned()),
                        false => Ok(rest.to_owned()),
                    });
                }
                "MSG" => return read(&mut stream, length_at(&words, 1)).await.map(Ok),
                _ => {}
            }
        }
    }
}

/// The number that is the `from_end`-th of a line's words, from 1 at its end; 0 if there is none.
fn length_at(words: &[&str], from_end: usize) -> u64 {
    let word = words.len().checked_sub(from_end).and_then(|at| words.get(at));
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}

async fn read(stream: &mut (impl AsyncReadExt + Unpin), length: u64) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    stream.take(length.min(MOST)).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[async_trait]
impl Look for Nats {
    async fn look(&self) -> Reading {
        let start = Instant::now();
        let asked = tokio::time::timeout(self.config.timeout.0, self.ask()).await;
        let latency = Some(start.elapsed());
        let why = match asked {
            Ok(Ok(Ok(reply))) => match &self.config.contains {
                Some(wanted) if !reply.contains(wanted) => {
                    format!("the reply lacks `{wanted}`: {}", name::line(&reply, 120))
                }
                _ => return Reading::Good { latency },
            },
            Ok(Ok(Err(why))) => why,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        Reading::Error { latency, why }
    }
}
