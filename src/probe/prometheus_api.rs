//! The query API of Prometheus, and of compatible servers.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::http::headers;
use crate::domain::name;
use crate::value::Secret;

/// The most bytes of an answer that are read.
const MOST: usize = 64 * 1024 * 1024;

pub struct Api {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
}

/// A series with its samples: seconds since 1970, and the value as text.
#[derive(Deserialize)]
pub struct Matrix {
    pub metric: BTreeMap<String, String>,
    pub values: Vec<(f64, String)>,
}

/// A series with its newest sample.
#[derive(Deserialize)]
pub struct Vector {
    pub value: (f64, String),
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Data<T>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: Vec<T>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Api {
    pub fn new(url: &Secret, given: &BTreeMap<String, Secret>, timeout: Duration) -> Result<Api, String> {
        let url = Url::parse(&url.reveal()?).map_err(|error| format!("not a URL: {error}"))?;
        if url.cannot_be_a_base() {
            return Err("not the URL of a server".to_owned());
        }
        Ok(Api { client: crate::http::client(timeout)?, url, headers: headers(given)? })
    }

    /// The raw samples of a range selector.
    pub async fn matrix(&self, query: String) -> Result<Vec<Matrix>, String> {
        self.ask("query", &[("query", query)]).await
    }

    /// Returns the results of an operation, or one line that says why there are none.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        operation: &str,
        parameters: &[(&str, String)],
    ) -> Result<Vec<T>, String> {
        let mut url = self.url.clone();
        // The URL was checked to have a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1", operation]);
        }
        url.query_pairs_mut().extend_pairs(parameters);
        let request = self.client.get(url).headers(self.headers.clone());
        let mut answer = request.send().await.map_err(|error| crate::http::reason(&error))?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| crate::http::reason(&error))? {
            if body.len() + chunk.len() > MOST {
                return Err(format!("an answer of more than {} MB", MOST / 1024 / 1024));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let reason = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.error).unwrap_or_default();
            return Err(name::line(&format!("status {} {reason}", status.as_u16()), 160));
        }
        let answer: Answer<T> =
            serde_json::from_slice(&body).map_err(|_| "an answer that can't be understood".to_owned())?;
        Ok(answer.data.result)
    }
}
