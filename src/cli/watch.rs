use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::CliError;
use super::reply::{self, Reply};
use super::{Context, show};
use crate::app::error::AppError;
use crate::app::session::Session;
use crate::app::view::watch::WatchView;
use crate::app::watch::{Order, alone};
use crate::domain::elapsed::elapsed;
use crate::domain::severity::Severity;
use crate::domain::verdict::Verdict;
use crate::git::project::ProjectError;
use crate::value::Length;
use crate::watch::{Replay, Standing, forecast_text, summary, test_lines};

/// Watch the service until it is VERIFIED or BAD, by the configured probes or at an address
///
/// A watch that was killed continues where it was, here or on another machine with the same store.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 VERIFIED; 1 BAD; 3 UNPROVEN or BLIND.
Examples:
  hotfix watch --window 30s
  hotfix watch --url https://shop.example/health --every 200ms
  hotfix watch --always --declare                       declares an incident when something is wrong
  hotfix watch --json | jq .verdict                     one line a second, the last one is the end")]
pub struct Args {
    /// Look at this address instead of using the configured probes; may be repeated
    #[arg(long = "url", value_name = "URL")]
    urls: Vec<String>,
    /// How often to look at it, such as 200ms or 1s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = length)]
    every: Duration,
    /// How long, such as 30s or 5m; as configured if left out
    #[arg(long, value_name = "TIME", value_parser = length)]
    window: Option<Duration>,
    /// Watch until something is wrong: at most one false alarm in 30 days on average
    #[arg(long, conflicts_with = "window")]
    always: bool,
    /// How long ago the deploy started: processes that started since then are counted from their start
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = length)]
    since: Duration,
    /// A name, to distinguish several watches
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// Start again, even if a watch was interrupted
    #[arg(long, alias = "anew")]
    restart: bool,
    /// Declare an incident if it is BAD, or fails together with a dependency
    #[arg(long)]
    declare: bool,
}

fn length(text: &str) -> Result<Duration, String> {
    Length::parse(text).map(|length| length.0)
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = match context.session().await {
            Ok(session) => Some(session),
            Err(AppError::Project(ProjectError::NotARepository { .. })) if !self.urls.is_empty() && !self.declare => {
                None
            }
            Err(error) => return Err(error.into()),
        };
        let order = Order {
            urls: self.urls,
            every: self.every,
            window: self.window,
            is_endless: self.always,
            since: self.since,
            name: self.name,
            restart: self.restart,
        };
        let configured = session.as_ref().map(|session| session.service.config().watch.window.0);
        let window = order.window.or(configured).filter(|_| !order.is_endless);
        let json = context.global.json;
        let bar = live(json);
        let mut is_known = false;
        let seen = |standing: &Standing| {
            if let Some(before) = standing.resumed_after.filter(|_| !is_known) {
                is_known = true;
                let before = elapsed(i64::try_from(before.as_secs()).unwrap_or(i64::MAX));
                bar.suspend(|| {
                    anstream::eprintln!("continues where it was interrupted, after {before}; --restart starts again")
                });
            }
            if json {
                anstream::println!("{}", reply::json(&WatchView::of(standing)));
            } else {
                bar.set_message(view(standing, window));
            }
        };
        let standing = match &session {
            Some(session) => session.watch(&order, seen).await,
            None => alone(&order, seen).await,
        };
        bar.finish_and_clear();
        reply(&standing?, session.as_ref().filter(|_| self.declare), &order).await
    }
}

/// `session` is where an incident is declared, if one is wanted.
async fn reply(standing: &Standing, session: Option<&Session>, order: &Order) -> Result<Reply, CliError> {
    let judgement = &standing.judgement;
    let mut text = format!("{}\n{}", show::safe(&summary(judgement)), test_lines(&judgement.tests));
    text.push_str(&longer(standing, order.window));
    for (what, replay) in [("errors", standing.replays.errors), ("latency", standing.replays.latency)] {
        let Some(Replay { watches, alarms, untempered, phi }) = replay else { continue };
        text.push_str(&format!(
            "  the past replayed, {what}: {alarms} false alarms in {watches} watches, tempered by {phi}; {untempered} without\n"
        ));
    }
    let mut view = WatchView::of(standing);
    if let Some(session) = session.filter(|_| judgement.verdict == Verdict::Bad || judgement.outage.is_some()) {
        let (incident, is_new) = session.declare_watched(order, standing).await?;
        let known = if is_new { "declared" } else { "declared before:" };
        text.push_str(&format!("{known} {}, {}\n", incident.id, incident.severity.map_or("", Severity::as_str)));
        view = view.declared(&incident.id);
    }
    let mut reply = Reply::line(text, view);
    reply.exit = match judgement.verdict {
        Verdict::Verified => 0,
        Verdict::Bad => 1,
        Verdict::Blind | Verdict::Unproven => 3,
    };
    Ok(reply)
}

/// Why it took longer than the window that was asked for, where it did by a second or more.
fn longer(standing: &Standing, window: Option<Duration>) -> String {
    let is_longer = |window: &Duration| standing.elapsed >= *window + Duration::from_secs(1);
    let Some(window) = window.filter(is_longer).filter(|_| standing.judgement.verdict != Verdict::Bad) else {
        return String::new();
    };
    let (took, window) = (standing.elapsed.as_secs(), window.as_secs());
    format!("  watched {took} s, for {window} s have too few requests to prove it\n")
}

/// Where the view is drawn: standard error, if that is a terminal.
fn live(json: bool) -> ProgressBar {
    let target = if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target);
    bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The state for people: a line for each of traffic, latency and verdict.
fn view(standing: &Standing, window: Option<Duration>) -> String {
    let judgement = &standing.judgement;
    let seconds = standing.elapsed.as_secs_f64().max(1e-3);
    let of = window.map_or_else(String::new, |window| format!(" of {} s", window.as_secs()));
    let share = 100.0 * judgement.errors as f64 / (judgement.requests as f64).max(1.0);
    let p95 = judgement.p95.map_or_else(|| "-".to_owned(), |p95| format!("{} ms", p95.as_millis()));
    let style = match judgement.verdict {
        Verdict::Verified => show::GOOD,
        Verdict::Bad => show::BAD,
        Verdict::Blind | Verdict::Unproven => show::WARN,
    };
    let more = judgement.forecast.filter(|_| judgement.is_open()).map(|forecast| forecast_text(&forecast));
    let more: Vec<String> = more.into_iter().chain(judgement.reasons.iter().map(|reason| show::safe(reason))).collect();
    format!(
        "  watched   {} s{of}\n  requests  {}, {:.1} a second\n  errors    {}, {share:.2}%\n  p95       {p95}\n  verdict   {style}{}{} {}",
        standing.elapsed.as_secs(),
        judgement.requests,
        judgement.requests as f64 / seconds,
        judgement.errors,
        judgement.verdict,
        show::PLAIN,
        more.join("; "),
    )
}
