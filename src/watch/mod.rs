//! Watches a service: all probes at once, until the verdict is final.

pub mod keep;
mod text;

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, watch as slot};

use crate::config;
use crate::domain::hex::hex;
use crate::domain::reading::{Counts, Reading};
use crate::domain::verdict::Verdict;
use crate::probe::{Config, History, Look, Probe, Subject};
use crate::redact::redact;
use crate::verdict::{Judgement, Kinds, Limits, Source, TICK, Tally, Watch, replay, steps};
use keep::{Keep, State};

pub use crate::verdict::Replay;
pub use text::{forecast_text, summary, test_lines};

/// How often the state is saved.
const SAVED: Duration = Duration::from_secs(1);

/// How long the end of a watch waits for the state to be saved.
const LAST_SAVE: Duration = Duration::from_secs(5);

/// A probe, how often it looks, and whether it looks at the release or at something that the release
/// depends on.
pub struct Timed {
    pub name: String,
    pub every: Duration,
    pub is_dependency: bool,
    pub probe: Box<dyn Look>,
}

/// What is watched, and how.
pub struct Setting<'a> {
    pub probes: &'a [Timed],
    pub limits: Limits,
    /// How long ago the deploy started.
    pub since: Duration,
    pub keep: &'a dyn Keep,
    pub resume: Resume,
}

/// Whether a saved watch continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// Always; if it had ended without a proof, for the same time again.
    Always,
    /// If it had not ended and was interrupted at most this long ago.
    Within(Duration),
    /// Never: it is forgotten.
    Never,
}

/// The state of a watch, or how it ended.
#[derive(Clone, Debug)]
pub struct Standing {
    pub judgement: Judgement,
    /// How long it was watched, the time before a crash included.
    pub elapsed: Duration,
    /// How long it had been watched when it was resumed; `None` if it was not.
    pub resumed_after: Option<Duration>,
    /// What the replays of the past showed.
    pub replays: Kinds<Option<Replay>>,
}

/// What comes from the probes.
enum News {
    Reading(usize, Reading),
    History(usize, History),
}

/// Returns the verdict of the probes under the limits. `seen` gets the state about once a second. The
/// state is saved as often, so that an interrupted watch continues.
pub async fn watch(setting: Setting<'_>, mut seen: impl FnMut(&Standing)) -> Standing {
    let (send, receive) = mpsc::unbounded_channel::<News>();
    let looking = join_all(setting.probes.iter().enumerate().map(|(index, timed)| look(index, timed, &setting, &send)));
    let (text, mut written) = slot::channel(String::new());
    let saving = async {
        while written.changed().await.is_ok() {
            let text = written.borrow_and_update().clone();
            if let Err(error) = setting.keep.save(&text).await {
                tracing::warn!(%error, "the state of the watch could not be saved");
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = looking => unreachable!("probes look forever"),
        _ = saving => unreachable!("the other end is kept"),
        standing = judge(&setting, receive, &text, &mut seen) => {
            let last = text.borrow().clone();
            let _ = tokio::time::timeout(LAST_SAVE, setting.keep.save(&last)).await;
            standing
        }
    }
}

/// Asks for the past, and looks at the present forever.
async fn look(index: usize, timed: &Timed, setting: &Setting<'_>, send: &mpsc::UnboundedSender<News>) {
    let past = async {
        match timed.probe.history(setting.since).await {
            Some(Ok(history)) => drop(send.send(News::History(index, history))),
            Some(Err(why)) => tracing::warn!(probe = timed.name, why, "the past can't be read"),
            None => {}
        }
    };
    let present = async {
        let mut ticks = tokio::time::interval(timed.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                _ = ticks.tick(), if under_way.len() < timed.probe.at_once() => under_way.push(timed.probe.look()),
                // The receiver is there for as long as this future is.
                Some(reading) = under_way.next() => drop(send.send(News::Reading(index, reading))),
            }
        }
    };
    tokio::join!(past, present);
}

async fn judge(
    setting: &Setting<'_>,
    mut receive: mpsc::UnboundedReceiver<News>,
    text: &slot::Sender<String>,
    seen: &mut impl FnMut(&Standing),
) -> Standing {
    let terms = terms(setting);
    let kept = load(setting, &terms).await;
    let dependencies = setting.probes.iter().filter(|timed| timed.is_dependency).map(|timed| timed.name.as_str());
    let mut watch = Watch::new(dependencies);
    let (mut limits, mut before, mut resumed_after) = (setting.limits.clone(), Duration::ZERO, None);
    if let Some(state) = kept {
        (watch, before, resumed_after) = (state.watch, state.elapsed, Some(state.elapsed));
        watch.resume(before);
        let ended = watch.judge(&limits, before).verdict;
        // Somebody wants more of a watch that ended without a proof: at least another window from there.
        if state.is_final && !matches!(ended, Verdict::Verified | Verdict::Bad) {
            limits.patience += limits.window.max(limits.patience) + before.saturating_sub(limits.window);
            limits.gives_up = false;
        }
    }
    let start = Instant::now();
    let mut clock = tokio::time::interval(Duration::from_millis(50));
    let (mut shown, mut tick) = (before, before + TICK);
    loop {
        let news = tokio::select! {
            news = receive.recv() => news,
            _ = clock.tick() => None,
        };
        let elapsed = before + start.elapsed();
        match news {
            Some(News::Reading(index, reading)) => {
                let timed = &setting.probes[index];
                let source = Source { name: &timed.name, is_dependency: timed.is_dependency };
                watch.add(&limits, source, elapsed, setting.since + start.elapsed(), reading);
            }
            Some(News::History(index, history)) => {
                let timed = &setting.probes[index];
                let (earlier, replays) = remembered(&limits, timed.every, &history);
                watch.remember(&timed.name, earlier, replays);
            }
            None => {}
        }
        if limits.is_endless && elapsed >= tick {
            tick = elapsed + TICK;
            watch.tick(&limits);
        }
        let judgement = watch.judge(&limits, elapsed);
        let is_final = judgement.is_final;
        if !is_final && elapsed < shown {
            continue;
        }
        shown = elapsed + SAVED;
        let state = State::new(&terms, elapsed, is_final, watch);
        text.send_replace(state.text());
        watch = state.watch;
        let standing = Standing { judgement, elapsed, resumed_after, replays: watch.replays() };
        if is_final {
            return standing;
        }
        seen(&standing);
    }
}

/// The state to continue with; `None` for a new watch.
async fn load(setting: &Setting<'_>, terms: &str) -> Option<State> {
    let kept = match setting.keep.load().await {
        Ok(kept) => kept,
        Err(error) => {
            tracing::warn!(error, "the state of an earlier watch could not be read");
            None
        }
    };
    let (text, ago) = kept?;
    let state = State::read(&text, terms)?;
    let continues = match setting.resume {
        Resume::Always => true,
        Resume::Within(most) => !state.is_final && ago <= most,
        Resume::Never => false,
    };
    continues.then_some(state)
}

/// The digest of the limits and the probes: watches with the same one may continue each other.
fn terms(setting: &Setting<'_>) -> String {
    let probes: Vec<_> = setting.probes.iter().map(|timed| (&timed.name, timed.is_dependency)).collect();
    hex(&Sha256::digest(format!("{:?} {probes:?}", setting.limits)))
}

/// The past in as many parts as the watch will have scrapes, and its replays of errors and of latency.
fn remembered(limits: &Limits, every: Duration, history: &History) -> (Vec<Counts>, Kinds<Option<Replay>>) {
    let past = steps(&history.series);
    let errors = past.iter().map(|counts| Tally { requests: counts.requests, failures: counts.errors });
    // The bounds of the newest step; an older step without one of them counts as no requests.
    let bounds: Vec<f64> =
        past.last().into_iter().flat_map(|counts| &counts.at_most).map(|(bound, _)| *bound).collect();
    let slower = |bound: &f64| {
        let tally = |counts: &Counts| Some(Tally { requests: counts.timed, failures: counts.slower(*bound)? });
        past.iter().map(|counts| tally(counts).unwrap_or_default()).collect()
    };
    let kinds = Kinds { errors: vec![errors.collect()], latency: bounds.iter().map(slower).collect::<Vec<_>>() };
    let window = limits.window.as_secs_f64();
    let replayed = (window / history.step.as_secs_f64().max(1e-3)).ceil() as usize;
    let replays = kinds.map(|kinds| replay(&kinds, replayed, limits.alpha, limits.tolerance));
    // Each scrape of the watch uses up one part, so there is one for every scrape it may have.
    let scrapes = ((limits.window + limits.patience).as_secs_f64() / every.as_secs_f64().max(1e-3)).ceil() as usize;
    let parts = past.len().min(scrapes.max(1));
    // Bounds by integer division: the parts differ by at most one step, and none is empty.
    let part = |index: usize| {
        let mut sum = Counts::default();
        past[index * past.len() / parts..(index + 1) * past.len() / parts].iter().for_each(|counts| sum.add(counts));
        sum
    };
    ((0..parts).map(part).collect(), replays)
}

/// Builds the probes of the configuration. Fails with the probe's name if one can't be built.
pub fn probes(configured: &[Probe], directory: &Path, subject: &Subject) -> Result<Vec<Timed>, String> {
    let build = |probe: &Probe| {
        let named = |error| format!("probe `{}`: {error}", probe.name);
        some_time(probe.every.0).map_err(named)?;
        let built = probe.by.build(directory, subject).map_err(named)?;
        Ok(Timed { name: probe.name.clone(), every: probe.every.0, is_dependency: probe.dependency, probe: built })
    };
    configured.iter().map(build).collect()
}

/// A probe that looks at `url`.
pub fn address(url: &str, every: Duration) -> Result<Timed, String> {
    some_time(every)?;
    let probe = Config::at(url).build(Path::new("."), &Subject::default());
    let probe = probe.map_err(|error| format!("`{}`: {error}", redact(url)))?;
    Ok(Timed { name: redact(url).into_owned(), every, is_dependency: false, probe })
}

/// Fails if a probe would look without a pause.
fn some_time(every: Duration) -> Result<(), String> {
    match every >= Duration::from_millis(1) {
        true => Ok(()),
        false => Err("`every` has to be 1 ms or longer".to_owned()),
    }
}

/// The limits of the configuration, with what the probes can compare with.
pub fn limits(config: &config::Watch, probes: &[Timed]) -> Limits {
    let of_release = || probes.iter().filter(|timed| !timed.is_dependency);
    Limits {
        window: config.window.0,
        patience: config.patience.0,
        error_rate: config.error_rate,
        certify: config.certify,
        p95: config.p95.0,
        alpha: config.alpha,
        tolerance: config.tolerance,
        blip: config.blip.0,
        blind: config.blind.0,
        is_endless: false,
        gives_up: true,
        has_control: of_release().any(|timed| timed.probe.has_control()),
        has_earlier: of_release().any(|timed| timed.probe.has_history()),
    }
}
