//! An HTTP request and what its answer has to be.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;

use super::Look;
use crate::domain::name;
use crate::domain::reading::Reading;
use crate::redact::redact;
use crate::value::{Length, Secret};

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
    /// The status that is right; any from 200 to 399 if left out.
    #[serde(default)]
    pub status: Option<u16>,
    /// The answer's body has to contain this.
    #[serde(default)]
    pub contains: Option<String>,
    /// The headers and values that the answer has to have.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// An answer that takes longer is an error.
    #[serde(default)]
    pub within: Option<Length>,
    #[serde(default = "super::timeout")]
    pub timeout: Length,
}

impl Config {
    pub fn at(url: &str) -> Config {
        Config {
            url: Secret::Given(url.to_owned()),
            method: None,
            headers: BTreeMap::new(),
            body: None,
            status: None,
            contains: None,
            answers: BTreeMap::new(),
            within: None,
            timeout: super::timeout(),
        }
    }
}

pub struct Http {
    client: reqwest::Client,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<String>,
    expected: Expected,
}

/// What the answer has to be.
struct Expected {
    status: Option<u16>,
    contains: Option<String>,
    headers: HeaderMap,
    within: Option<Duration>,
}

/// The most bytes of an answer's body that are read.
const MOST: usize = 1024 * 1024;

impl Http {
    pub fn new(config: &Config) -> Result<Http, String> {
        let url = Url::parse(&config.url.reveal()?).map_err(|error| format!("not a URL: {error}"))?;
        let method = config.method.as_deref().unwrap_or("GET").to_uppercase();
        let method = method.parse().map_err(|_| format!("`{method}` is not an HTTP method"))?;
        let headers = headers(&config.headers)?;
        let client = crate::http::client(config.timeout.0)?;
        let answers = config.answers.iter().map(|(key, value)| (key.clone(), Secret::Given(value.clone()))).collect();
        let expected = Expected {
            status: config.status,
            contains: config.contains.clone(),
            headers: self::headers(&answers)?,
            within: config.within.map(|within| within.0),
        };
        Ok(Http { client, method, url, headers, body: config.body.clone(), expected })
    }

    async fn ask(&self) -> Result<(), String> {
        let mut request = self.client.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let mut answer = request.send().await.map_err(|error| crate::http::reason(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        while body.len() < MOST
            && let Some(chunk) = answer.chunk().await.map_err(|error| crate::http::reason(&error))?
        {
            body.extend_from_slice(&chunk);
        }
        self.expected.compare(status, &headers, &String::from_utf8_lossy(&body))
    }
}

impl Expected {
    /// Fails with one line that says what is wrong with the answer.
    fn compare(&self, status: StatusCode, headers: &HeaderMap, body: &str) -> Result<(), String> {
        let right = match self.status {
            Some(wanted) => status.as_u16() == wanted,
            None => status.is_success() || status.is_redirection(),
        };
        if !right {
            return Err(format!("status {}: {}", status.as_u16(), name::line(&redact(body), 120)));
        }
        if let Some((key, _)) = self.headers.iter().find(|(key, value)| headers.get(*key) != Some(value)) {
            return Err(format!("status {}, but header `{key}` differs", status.as_u16()));
        }
        match &self.contains {
            Some(wanted) if !body.contains(wanted) => Err(format!(
                "status {}, but the body lacks `{wanted}`: {}",
                status.as_u16(),
                name::line(&redact(body), 120)
            )),
            _ => Ok(()),
        }
    }
}

/// Returns the headers; fails with the name of one that can't be sent. Values are never shown.
pub fn headers(given: &BTreeMap<String, Secret>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (key, value) in given {
        let header = key.parse::<HeaderName>().map_err(|_| format!("`{key}` is not the name of a header"))?;
        let mut value =
            HeaderValue::from_str(&value.reveal()?).map_err(|_| format!("header `{key}` has control characters"))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

#[async_trait]
impl Look for Http {
    async fn look(&self) -> Reading {
        let start = Instant::now();
        let asked = self.ask().await;
        let latency = start.elapsed();
        let slow = self.expected.within.filter(|within| latency > *within);
        match (asked, slow) {
            (Err(why), _) => Reading::Error { latency: Some(latency), why },
            (Ok(()), Some(within)) => {
                let why = format!("{} ms, more than {} ms", latency.as_millis(), within.as_millis());
                Reading::Error { latency: Some(latency), why }
            }
            (Ok(()), None) => Reading::Good { latency: Some(latency) },
        }
    }

    fn at_once(&self) -> usize {
        8
    }
}
