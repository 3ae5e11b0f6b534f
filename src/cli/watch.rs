use std::io::IsTerminal;
use std::time::Duration;

use serde_json::json;

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use crate::config::value::Length;
use crate::domain::verdict::Verdict;
use crate::watch::{limits, probes, watch, words};

/// Watch the service by the configured probes until it is VERIFIED or BAD
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 VERIFIED; 1 BAD; 3 UNPROVEN or BLIND.
Example: hotfix watch --window 30s")]
pub struct Args {
    /// How long, such as 30s or 5m; as configured where it is left out
    #[arg(long, value_name = "TIME")]
    window: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let mut limits = limits(&app.config().watch);
        if let Some(window) = &self.window {
            limits.window = Length::parse(window).map_err(CliError::usage)?.0;
        }
        let probes = probes(&app.config().watch.probe, &app.tools.project.top).map_err(CliError::failed)?;
        if probes.is_empty() {
            return Err(CliError::failed("no probe is configured").hint("add a [[watch.probe]] to hotfix.toml"));
        }
        let live = std::io::stderr().is_terminal();
        let json_lines = context.global.json;
        let judgement = watch(&probes, &limits, |judgement, elapsed: Duration| {
            if json_lines {
                let line = json!({ "seconds": elapsed.as_secs(), "verdict": judgement.verdict, "requests": judgement.requests,
                    "errors": judgement.errors, "p95_ms": judgement.p95.map(|p95| p95.as_millis() as u64) });
                anstream::println!("{line}");
            } else if live {
                anstream::eprint!("\r\u{1b}[K{} of {} s: {}", elapsed.as_secs(), limits.window.as_secs(), super::show::safe(&words(judgement)));
            }
        })
        .await;
        if live && !json_lines {
            anstream::eprintln!("\r\u{1b}[K");
        }
        let json = json!({ "verdict": judgement.verdict, "requests": judgement.requests, "errors": judgement.errors,
            "p95_ms": judgement.p95.map(|p95| p95.as_millis() as u64), "reasons": judgement.reasons });
        let mut reply = Reply::new(format!("{}\n", super::show::safe(&words(&judgement))), json);
        reply.exit = match judgement.verdict {
            Verdict::Verified => 0,
            Verdict::Bad => 1,
            Verdict::Blind | Verdict::Unproven => 3,
        };
        Ok(reply)
    }
}
