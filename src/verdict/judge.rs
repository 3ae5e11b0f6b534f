//! From the readings of a watch to its verdict.

use std::time::Duration;

use super::mixture::log_mean;
use super::{Beside, Limits, SLOW, Tally, Watch, limit};
use crate::domain::verdict::{Forecast, Test, Verdict};

/// VERIFIED is wrong with at most this chance.
const DOUBT: f64 = 0.05;

/// The share of alpha of the tests of errors; the tests of latency have the rest.
const ERRORS_SHARE: f64 = 0.8;

/// A forecast has whole seconds, so a patience of less than one is rounded up.
const ROUNDING: Duration = Duration::from_secs(1);

/// A verdict with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub requests: u64,
    pub errors: u64,
    pub p95: Option<Duration>,
    pub reasons: Vec<String>,
    pub tests: Vec<Test>,
    /// What VERIFIED still needs; `None` if it needs nothing more, or if no number of requests is
    /// enough.
    pub forecast: Option<Forecast>,
    /// What fails as well, if the release is not to blame.
    pub outage: Option<String>,
    /// Whether looking longer can't change it.
    pub is_final: bool,
}

impl Judgement {
    /// Whether more requests could show that the limits hold.
    pub fn is_open(&self) -> bool {
        self.verdict == Verdict::Unproven && self.outage.is_none()
    }
}

/// A test that shows BAD.
struct Alarm {
    shows: &'static str,
    /// The logarithm of its e-value.
    evidence: f64,
    /// Its part of alpha.
    share: f64,
    /// Whether it compares with what served at the same moment, so that an outage of both is not
    /// taken for the release's fault.
    is_concurrent: bool,
}

impl Watch {
    /// The judgement `elapsed` after the start. Remembers since when the release is suspected.
    pub fn judge(&mut self, limits: &Limits, elapsed: Duration) -> Judgement {
        let pooling = limits.looks();
        self.looks.errors.settle(pooling.errors, elapsed);
        self.looks.latency.settle(pooling.latency, elapsed);
        if limits.is_endless {
            return self.judge_endless(limits, elapsed);
        }
        let alarms = self.alarms(limits);
        // Ville's inequality: an e-value ever reaches 1/alpha with a chance of at most alpha.
        let raised = |alarm: &&Alarm| alarm.evidence >= -(limits.alpha * alarm.share).ln();
        let surely = alarms.iter().filter(raised).find(|alarm| alarm.is_concurrent);
        let suspected = alarms.iter().find(raised);
        if suspected.is_some() {
            self.suspected.get_or_insert(elapsed);
        }
        let proof = self.proof(limits, elapsed);
        let quiet = elapsed.saturating_sub(self.last_reading);
        let over = elapsed >= limits.window;
        let is_blind = quiet >= limits.blind || (over && self.all.requests == 0);
        let mut reasons = self.gap_reasons(limits, elapsed, is_blind);
        let mut outage = None;
        let (verdict, is_final) = if let Some(alarm) = surely {
            reasons.push(alarm.shows.to_owned());
            (Verdict::Bad, true)
        } else if let Some(alarm) = suspected {
            outage = self.failing_beside(limits);
            match &outage {
                Some(name) => reasons.push(format!("{name} fails as well: not the release alone")),
                None => reasons.push(alarm.shows.to_owned()),
            }
            match outage {
                Some(_) => (Verdict::Unproven, true),
                None if self.beside_was_read(limits, elapsed) => (Verdict::Bad, true),
                None => (Verdict::Unproven, false),
            }
        } else if is_blind {
            reasons.insert(
                0,
                match self.all.requests {
                    0 => format!("not one request was seen in {} s", elapsed.as_secs()),
                    _ => format!("no reading for {} s", quiet.as_secs()),
                },
            );
            (Verdict::Blind, true)
        } else if over && proof.is_there {
            (Verdict::Verified, true)
        } else {
            let is_final = over && proof.is_too_far(limits, elapsed);
            reasons.extend(proof.never.clone());
            (Verdict::Unproven, is_final)
        };
        if self.all.failures > 0 && verdict != Verdict::Verified {
            reasons.extend(self.last_error.as_ref().map(|why| format!("the last one: {why}")));
        }
        Judgement {
            verdict,
            requests: self.all.requests,
            errors: self.all.failures,
            p95: self.latencies.percentile(1.0 - SLOW),
            reasons,
            tests: self.tests(limits, &alarms),
            forecast: proof.forecast,
            outage,
            is_final,
        }
    }

    /// The tests that may say BAD, each with its part of alpha. The parts depend on the configuration
    /// only: a choice made after the readings would raise the chance of a false alarm.
    fn alarms(&self, limits: &Limits) -> Vec<Alarm> {
        let alarm = |shows, evidence, share, is_concurrent| Alarm { shows, evidence, share, is_concurrent };
        let (against, phi) = (self.against_limits(limits), self.phis());
        let over = log_mean(&against.errors.map(|log| log / phi.errors));
        let slow = log_mean(&against.latency.map(|log| log / phi.latency));
        let mut errors = vec![alarm("the share of errors is above the limit", over, 0.0, false)];
        let mut latency = vec![alarm("more than 5 of 100 requests are slower than the limit", slow, 0.0, false)];
        if limits.has_control {
            errors.push(alarm("more errors than what ran before", self.concurrent.errors(), 0.0, true));
            latency.push(alarm("slower than what ran before", self.concurrent.latency(), 0.0, true));
        }
        if limits.has_earlier {
            errors.push(alarm("more errors than before the deploy", self.before.errors(), 0.0, false));
            latency.push(alarm("slower than before the deploy", self.before.latency(), 0.0, false));
        }
        for (alarms, share) in [(&mut errors, ERRORS_SHARE), (&mut latency, 1.0 - ERRORS_SHARE)] {
            let each = share / alarms.len() as f64;
            alarms.iter_mut().for_each(|alarm| alarm.share = each);
        }
        errors.append(&mut latency);
        errors
    }

    /// What fails beside the release, at 5%: a dependency, or what ran before.
    pub(super) fn failing_beside(&self, limits: &Limits) -> Option<String> {
        let phi = self.phis().errors;
        let fails = |beside: &Beside| limit::broken(beside.tally, limits.error_rate, phi) >= -DOUBT.ln();
        self.beside.iter().find(|(_, beside)| fails(beside)).map(|(name, _)| name.clone())
    }

    /// Whether everything beside the release was looked at since the release was suspected. What does
    /// not answer for as long as makes a watch BLIND is not waited for.
    fn beside_was_read(&self, limits: &Limits, elapsed: Duration) -> bool {
        let Some(suspected) = self.suspected else { return true };
        elapsed.saturating_sub(suspected) >= limits.blind
            || self.beside.values().all(|beside| beside.last_reading > suspected)
    }

    pub(super) fn gap_reasons(&self, limits: &Limits, elapsed: Duration, is_blind: bool) -> Vec<String> {
        let reason = |name: &String, gap: &super::Gap| {
            let seconds = elapsed.saturating_sub(gap.since).as_secs();
            format!("{name} sees nothing for {seconds} s of {} s: {}", limits.blind.as_secs(), gap.why)
        };
        // A source that is read more often than it changes has short gaps all the time.
        let is_long = |gap: &super::Gap| is_blind || 4 * elapsed.saturating_sub(gap.since) >= limits.blind;
        self.gaps.iter().filter(|(_, gap)| is_long(gap)).map(|(name, gap)| reason(name, gap)).collect()
    }

    fn tests(&self, limits: &Limits, alarms: &[Alarm]) -> Vec<Test> {
        let test = |shows: String, evidence: f64, needs: f64| Test { shows, e_value: evidence.min(690.0).exp(), needs };
        let alarms = alarms
            .iter()
            .map(|alarm| test(alarm.shows.to_owned(), alarm.evidence, (1.0 / (limits.alpha * alarm.share)).round()));
        let errors = limit::within(self.all, limits.certify);
        let errors = test(format!("fewer errors than {}", share(limits.certify)), errors, (1.0 / DOUBT).round());
        let timed = self.perhaps_slow.requests > 0;
        let slow = limit::within(self.perhaps_slow, limits.slow());
        let slow =
            timed.then(|| test(format!("fewer slow ones than {}", share(limits.slow())), slow, (1.0 / DOUBT).round()));
        alarms.chain([errors]).chain(slow).collect()
    }

    fn proof(&self, limits: &Limits, elapsed: Duration) -> Proof {
        let goal = -DOUBT.ln();
        let errors = limit::still_needed(self.all, limits.certify, goal);
        let slow = match self.perhaps_slow.requests {
            0 => Some(0),
            _ => limit::still_needed(self.perhaps_slow, limits.slow(), goal),
        };
        // The slowest of the three decides; where one can't be reached, the proof can't either.
        let below = requests_to_be_below(self.all, limits.error_rate);
        let needed = errors.zip(slow).zip(below).map(|((errors, slow), below)| errors.max(slow).max(below));
        let pace = self.all.requests as f64 / elapsed.as_secs_f64().max(1e-3);
        let seconds = |requests: u64| (pace > 0.0).then(|| (requests as f64 / pace).ceil() as u64);
        Proof {
            is_there: needed == Some(0) && self.all.requests > 0,
            never: match (below, errors, slow) {
                (None, _, _) => Some(format!("the limit is {} errors", share(limits.error_rate))),
                (_, None, _) => Some(too_many("errors", limits.certify)),
                (_, _, None) => Some(too_many("slow requests", limits.slow())),
                _ => None,
            },
            forecast: needed
                .filter(|needed| *needed > 0)
                .map(|requests| Forecast { requests, seconds: seconds(requests) }),
        }
    }
}

/// How far it is to VERIFIED.
struct Proof {
    is_there: bool,
    /// What is too frequent for any number of requests to prove the limit.
    never: Option<String>,
    forecast: Option<Forecast>,
}

impl Proof {
    /// Whether the proof can't be complete within the patience that is left.
    fn is_too_far(&self, limits: &Limits, elapsed: Duration) -> bool {
        let left = (limits.window + limits.patience).saturating_sub(elapsed);
        let seconds = self.forecast.and_then(|forecast| forecast.seconds).map(Duration::from_secs);
        left.is_zero() || (limits.gives_up && seconds.is_none_or(|seconds| seconds > left.max(ROUNDING)))
    }
}

impl Limits {
    /// The share of slow requests that VERIFIED rules out.
    fn slow(&self) -> f64 {
        self.certify.max(SLOW)
    }
}

/// How many more requests without an error bring the share of errors back to the limit: no release
/// is verified above it, even if that may be chance. `None` if there is no such number.
fn requests_to_be_below(all: Tally, limit: f64) -> Option<u64> {
    let (failures, requests) = (all.failures as f64, all.requests as f64);
    match failures <= limit * requests {
        true => Some(0),
        false if limit > 0.0 => Some((failures / limit - requests).ceil() as u64),
        false => None,
    }
}

fn too_many(what: &str, limit: f64) -> String {
    format!("too many {what} to show that there are fewer than {}", share(limit))
}

/// `0.1%`.
fn share(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}
