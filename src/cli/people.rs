use std::fmt::Write;
use std::path::PathBuf;

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::people::{KeyView, PeopleView, PersonView};

/// Show who may approve, with which keys, and what is wrong with that
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix people
  hotfix people --check .hotfix/people.toml      before it is merged
Exit status: 0; 1 if an approval is impossible, or a key or an address counts for nobody.")]
pub struct Args {
    /// Check this file instead of the one that production's branch has
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let file = self.check.map(|file| context.global.directory.join(file));
        let view = service.people(file.as_deref()).await?;
        let mut reply = Reply::new(text(&view, service.people_path()), &view);
        reply.exit = view.exit();
        Ok(reply)
    }
}

fn text(view: &PeopleView, path: &str) -> String {
    let mut text = String::new();
    match &view.from {
        Some(from) => text.push_str(&format!("{} by {}\n", count(view.people.len()), show::safe(from))),
        None => text.push_str(&format!(
            "production's branch has no {path}: approvals are claimed, and nobody proves who they are\n"
        )),
    }
    for person in &view.people {
        let PersonView { name, addresses, roles, keys, logins } = person;
        let roles = if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") };
        let _ = writeln!(text, "\n{}  {}", show::safe(name), show::safe(&roles));
        let _ = writeln!(text, "    {}", show::safe(&addresses.join(", ")));
        for (forge, login) in logins {
            let _ = writeln!(text, "    {} on {}", show::safe(login), show::safe(forge));
        }
        keys.iter().for_each(|one| text.push_str(&key(one)));
    }
    if !view.touch.is_empty() {
        let _ = writeln!(text, "\ntouched device needed: {}", show::safe(&view.touch.join(", ")));
    }
    if view.from.is_some() {
        let _ = writeln!(text, "\nan approval is proven by: {}", view.proof.join(", "));
    }
    for problem in &view.problems {
        let (begin, end) = if problem.blocks { (show::BAD, show::PLAIN) } else { (show::STRONG, show::PLAIN) };
        let word = if problem.blocks { "wrong" } else { "note" };
        let _ = writeln!(text, "{begin}{word}:{end} {}", show::safe(&problem.text));
    }
    if view.differs {
        let _ = writeln!(text, "note: {path} here is another one than production's, which is followed");
    }
    text
}

fn key(key: &KeyView) -> String {
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    let after = key.valid_after.map(|at| format!(", from {}", day(at))).unwrap_or_default();
    let before = key.valid_before.map(|at| format!(", until {}", day(at))).unwrap_or_default();
    let counts = if key.counts { "" } else { ", does not count now" };
    format!("    {} ({}{after}{before}{counts})\n", show::safe(&key.fingerprint), key.kind)
}

fn count(people: usize) -> String {
    if people == 1 { "1 person".to_owned() } else { format!("{people} people") }
}
