//! An HTTP request and what its answer has to be.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;

use super::Look;
use crate::config::value::{Length, Secret};
use crate::domain::name;
use crate::domain::reading::Reading;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub url: Secret,
    #[serde(default)]
    pub method: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    #[serde(default)]
    pub body: Option<String>,
    /// The status that is right; any from 200 to 399 where it is left out.
    #[serde(default)]
    pub status: Option<u16>,
    /// Has to stand in the answer's body.
    #[serde(default)]
    pub contains: Option<String>,
    #[serde(default = "timeout")]
    pub timeout: Length,
}

fn timeout() -> Length {
    Length(Duration::from_secs(5))
}

pub struct Http {
    client: reqwest::Client,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<String>,
    status: Option<u16>,
    contains: Option<String>,
}

impl Http {
    pub fn new(config: &Config) -> Result<Http, String> {
        let url = Url::parse(&config.url.reveal()?).map_err(|error| format!("not a URL: {error}"))?;
        let method = config.method.as_deref().unwrap_or("GET").to_uppercase();
        let method = method.parse().map_err(|_| format!("`{method}` is not an HTTP method"))?;
        let mut headers = HeaderMap::new();
        for (key, value) in &config.headers {
            let header = key.parse::<HeaderName>().map_err(|_| format!("`{key}` is not the name of a header"))?;
            let mut value = HeaderValue::from_str(&value.reveal()?)
                .map_err(|_| format!("header `{key}` has control characters"))?;
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        let client = crate::http::client(config.timeout.0)?;
        let (body, status, contains) = (config.body.clone(), config.status, config.contains.clone());
        Ok(Http { client, method, url, headers, body, status, contains })
    }

    async fn ask(&self) -> Result<(), String> {
        let mut request = self.client.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let answer = request.send().await.map_err(|error| crate::http::words(&error))?;
        let status = answer.status();
        let right = match self.status {
            Some(wanted) => status.as_u16() == wanted,
            None => status.is_success() || status.is_redirection(),
        };
        if !right {
            let body = answer.text().await.unwrap_or_default();
            return Err(format!("status {}: {}", status.as_u16(), name::line(&body, 120)));
        }
        let Some(wanted) = &self.contains else { return Ok(()) };
        let body = answer.text().await.map_err(|error| crate::http::words(&error))?;
        if body.contains(wanted) {
            return Ok(());
        }
        Err(format!("status {}, but the body lacks `{wanted}`: {}", status.as_u16(), name::line(&body, 120)))
    }
}

#[async_trait]
impl Look for Http {
    async fn look(&self) -> Reading {
        let start = Instant::now();
        match self.ask().await {
            Ok(()) => Reading::Good { latency: start.elapsed() },
            Err(why) => Reading::Error { latency: start.elapsed(), why },
        }
    }
}
