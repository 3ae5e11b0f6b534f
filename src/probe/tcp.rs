//! Whether something listens on a port.

use std::time::Instant;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::net::TcpStream;

use super::Look;
use crate::domain::reading::Reading;
use crate::value::Length;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `host:port`.
    pub address: String,
    #[serde(default = "super::timeout")]
    pub timeout: Length,
}

pub struct Tcp(pub Config);

#[async_trait]
impl Look for Tcp {
    async fn look(&self) -> Reading {
        let start = Instant::now();
        let connected = tokio::time::timeout(self.0.timeout.0, TcpStream::connect(&self.0.address)).await;
        let latency = Some(start.elapsed());
        match connected {
            Ok(Ok(_)) => Reading::Good { latency },
            Ok(Err(error)) => Reading::Error { latency, why: error.to_string() },
            Err(_) => Reading::Error { latency, why: "no answer in time".to_owned() },
        }
    }

    fn at_once(&self) -> usize {
        8
    }
}
