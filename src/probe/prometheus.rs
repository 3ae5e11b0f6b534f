//! Counters and histograms of a Prometheus, by its query API.
//!
//! It asks for the raw samples of the last minutes (`selector[2m]`) and counts itself: `rate()` and
//! `increase()` lose what a counter showed at its first scrape, and `histogram_quantile` can't be
//! tested. Any answer other than samples is no reading: it makes a watch blind, never a release
//! bad.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use serde::Deserialize;

use super::prometheus_api::{Api, Matrix};
use super::{History, Look, Subject};
use crate::domain::reading::{Arm, Count, Reading, Scrape, Series};
use crate::value::{Length, Secret};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub url: Secret,
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// A counter of requests: a plain selector, in which `{release}` and `{previous}` stand for the
    /// releases.
    pub requests: String,
    pub errors: String,
    /// A histogram's `_bucket` series.
    #[serde(default)]
    pub latency: Option<String>,
    /// The same of old instances that serve beside the release.
    #[serde(default)]
    pub control: Option<Selectors>,
    /// The same of what ran before; `control`'s, or the release's, if left out.
    #[serde(default)]
    pub earlier: Option<Selectors>,
    /// How far back `earlier` is read; not at all if left out.
    #[serde(default)]
    pub history: Option<Length>,
    /// When the processes started, such as `process_start_time_seconds{job="app"}`.
    #[serde(default)]
    pub started: Option<String>,
    /// The label that distinguishes processes.
    #[serde(default = "instance")]
    pub instance: String,
    /// Samples older than this are ignored; has to be longer than the time between two scrapes.
    #[serde(default = "range")]
    pub range: Length,
    #[serde(default = "super::timeout")]
    pub timeout: Length,
}

/// The counters of one arm.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selectors {
    pub requests: String,
    pub errors: String,
    /// A histogram's `_bucket` series.
    #[serde(default)]
    pub latency: Option<String>,
}

fn instance() -> String {
    "instance".to_owned()
}

fn range() -> Length {
    Length(Duration::from_secs(120))
}

/// How many scrapes of a history are asked for: fewer than the 11,000 that Prometheus allows.
const STEPS: u32 = 1_440;

pub struct Prometheus {
    api: Api,
    config: Config,
    release: Selectors,
    /// The time of the newest sample so far, in seconds since 1970.
    newest: Mutex<f64>,
}

/// Which counter a query is about.
type Query = (Arm, Count, String);

impl Prometheus {
    pub fn new(config: &Config, subject: &Subject) -> Result<Prometheus, String> {
        let api = Api::new(&config.url, &config.headers, config.timeout.0)?;
        let fill = |selectors: &Selectors| Selectors {
            requests: subject.fill(&selectors.requests),
            errors: subject.fill(&selectors.errors),
            latency: selectors.latency.as_ref().map(|latency| subject.fill(latency)),
        };
        let (requests, errors, latency) = (config.requests.clone(), config.errors.clone(), config.latency.clone());
        let release = fill(&Selectors { requests, errors, latency });
        let config = Config {
            control: config.control.as_ref().map(fill),
            earlier: config.earlier.as_ref().map(fill),
            started: config.started.as_ref().map(|started| subject.fill(started)),
            ..config.clone()
        };
        Ok(Prometheus { api, config, release, newest: Mutex::new(0.0) })
    }

    async fn scrape(&self) -> Result<Scrape, String> {
        let mut queries = queries_of(Arm::Release, &self.release);
        if let Some(control) = &self.config.control {
            queries.extend(queries_of(Arm::Control, control));
        }
        let range = format!("[{}ms]", self.config.range.0.as_millis());
        let asked = queries.iter().map(|(_, _, selector)| self.api.matrix(format!("{selector}{range}")));
        let (answers, started) = tokio::try_join!(try_join_all(asked), self.started())?;
        let mut series = Vec::new();
        for ((arm, count, _), answer) in queries.iter().zip(answers) {
            series.extend(answer.into_iter().filter_map(|result| self.series(*arm, *count, result, &started)));
        }
        let requests = series.iter().filter(|series| series.arm == Arm::Release && series.count == Count::Requests);
        let newest = requests.filter_map(|series| Some(series.points.last()?.0)).fold(f64::NEG_INFINITY, f64::max);
        if !newest.is_finite() {
            return Err(format!("no sample of the last {} s", self.config.range.0.as_secs()));
        }
        let mut seen = self.newest.lock().map_err(|_| "an earlier look was interrupted".to_owned())?;
        if newest <= *seen {
            return Err("no new sample".to_owned());
        }
        *seen = newest;
        Ok(Scrape { now: newest, series })
    }

    /// When each process started, by its instance.
    async fn started(&self) -> Result<HashMap<String, f64>, String> {
        let Some(selector) = &self.config.started else { return Ok(HashMap::new()) };
        let results = self.api.matrix(format!("{selector}[{}ms]", self.config.range.0.as_millis())).await?;
        let started = results.into_iter().filter_map(|result| {
            let instance = result.metric.get(&self.config.instance)?.clone();
            Some((instance, points(&result.values).last()?.1))
        });
        Ok(started.collect())
    }

    /// The series of one result; `None` for a bucket whose bound is no number, or the one of all
    /// requests, which is their count.
    fn series(&self, arm: Arm, count: Count, result: Matrix, started: &HashMap<String, f64>) -> Option<Series> {
        let instance = result.metric.get(&self.config.instance).cloned().unwrap_or_default();
        let count = match count {
            Count::AtMost(_) => match result.metric.get("le")?.parse::<f64>().ok()? {
                bound if bound == f64::INFINITY => Count::Timed,
                bound if bound.is_finite() => Count::AtMost(bound),
                _ => return None,
            },
            count => count,
        };
        let labels = serde_json::to_string(&result.metric).ok()?;
        let started = started.get(&instance).copied();
        Some(Series {
            arm,
            count,
            name: format!("{arm:?} {count:?} {labels}"),
            instance,
            started,
            points: points(&result.values),
        })
    }

    async fn past(&self, span: Duration, since: Duration) -> Result<History, String> {
        let config = &self.config;
        let selectors = config.earlier.as_ref().or(config.control.as_ref()).unwrap_or(&self.release);
        let queries = queries_of(Arm::Release, selectors);
        let step = (span / STEPS).max(Duration::from_secs(1));
        let end = jiff::Timestamp::now().as_second() as f64 - since.as_secs_f64();
        let asked = queries.iter().map(|(_, _, selector)| {
            let from = end - span.as_secs_f64();
            let range = [("query", selector.clone()), ("start", format!("{from:.3}")), ("end", format!("{end:.3}"))];
            let parameters: Vec<_> = range.into_iter().chain([("step", format!("{}ms", step.as_millis()))]).collect();
            async move { self.api.ask("query_range", &parameters).await }
        });
        let answers = try_join_all(asked).await?;
        let results = queries.iter().zip(answers).flat_map(|((_, count, _), answer)| {
            answer.into_iter().filter_map(|result| self.series(Arm::Release, *count, result, &HashMap::new()))
        });
        Ok(History { step, series: results.collect() })
    }
}

#[async_trait]
impl Look for Prometheus {
    async fn look(&self) -> Reading {
        match self.scrape().await {
            Ok(scrape) => Reading::Scraped(scrape),
            Err(why) => Reading::None { why },
        }
    }

    fn has_control(&self) -> bool {
        self.config.control.is_some()
    }

    fn has_history(&self) -> bool {
        self.config.history.is_some()
    }

    async fn history(&self, since: Duration) -> Option<Result<History, String>> {
        let span = self.config.history?;
        Some(self.past(span.0, since).await)
    }
}

fn queries_of(arm: Arm, selectors: &Selectors) -> Vec<Query> {
    let latency = selectors.latency.iter().map(|latency| (arm, Count::AtMost(0.0), latency.clone()));
    [(arm, Count::Requests, selectors.requests.clone()), (arm, Count::Errors, selectors.errors.clone())]
        .into_iter()
        .chain(latency)
        .collect()
}

fn points(values: &[(f64, String)]) -> Vec<(f64, f64)> {
    let points = values.iter().filter_map(|(at, value)| Some((*at, value.parse::<f64>().ok()?)));
    points.filter(|(at, value)| at.is_finite() && value.is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_passed_over() {
        let values = [(1.0, "3"), (2.0, "NaN"), (3.0, "+Inf"), (4.0, "x"), (5.0, "4")];
        let values: Vec<_> = values.map(|(at, value)| (at, value.to_owned())).into();
        assert_eq!(points(&values), [(1.0, 3.0), (5.0, 4.0)]);
    }
}
