//! An incident in a terminal: one line for each fact, with the clock always visible.

use std::fmt::Write;
use std::os::fd::AsFd;

use anstyle::{AnsiColor, Reset, Style};
use jiff::Timestamp;

use crate::app::error::AppError;
use crate::app::service::Service;
use crate::app::view::next::NextView;
use crate::app::view::take_over::ElsewhereView;
use crate::domain::check::FullSuite;
use crate::domain::elapsed::elapsed;
use crate::domain::incident::{Incident, Status, StepRecord, StepState};
use crate::domain::name::plain;
use crate::domain::quote;
use crate::domain::severity::Severity;
use crate::domain::step_name::StepName;
use crate::report::clocks::clocks;

pub const PLAIN: Reset = Reset;
pub const STRONG: Style = Style::new().bold();
pub const FAINT: Style = Style::new().dimmed();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const WARN: Style = AnsiColor::Yellow.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// The incident with its clocks and every step so far, and what comes next.
pub fn incident(service: &Service, incident: &Incident, next: &NextView) -> String {
    let mut text = header(service, incident);
    let width = width(std::io::stdout());
    for step in incident.steps().filter(|step| step.started.is_some()) {
        let wanted = next.approvals_wanted.as_ref().filter(|_| step.name == StepName::Review);
        let step = wanted.and_then(|wanted| still_wanted(step, wanted)).unwrap_or_else(|| step.clone());
        text.push_str(&line(&step, service.now(), names(incident), width));
    }
    text + &ahead(incident, next)
}

/// A review that is held, with the approvals that are missing now: some may have been given since it was held.
fn still_wanted(step: &StepRecord, roles: &[String]) -> Option<StepRecord> {
    let StepState::Held { hint, reason } = &step.state else { return None };
    let missing = roles.join(", ");
    let reason = match roles {
        [] => "every approval is given".to_owned(),
        _ if reason.contains(&format!("wanted: {missing}")) => return None,
        _ => format!("wanted: an approval as {missing}"),
    };
    Some(StepRecord { state: StepState::Held { reason, hint: hint.clone() }, ..step.clone() })
}

/// The same without the steps, if they were shown while they ran.
pub fn standing(service: &Service, incident: &Incident, next: &NextView) -> String {
    header(service, incident) + &ahead(incident, next)
}

/// The steps to come, what else went wrong, and the command to type next.
fn ahead(incident: &Incident, next: &NextView) -> String {
    let mut text = String::new();
    let steps = incident.plan().map(|plan| &plan.steps[..]).unwrap_or_default();
    let waiting: Vec<_> =
        steps.iter().filter(|step| step.state == StepState::Waiting).map(|step| step.name.as_str()).collect();
    if !waiting.is_empty() && !incident.status.is_over() {
        let _ = writeln!(text, "        {FAINT}{}{PLAIN}", waiting.join(", "));
    }
    for link in &incident.links {
        let _ = writeln!(text, "  {WARN}!{PLAIN}     see {}: {}", safe(&link.incident), safe(&link.why));
    }
    for (notice, failed) in &incident.notices_failed {
        let destination = notice.split_once('/').map_or(notice.as_str(), |(_, destination)| destination);
        let times = if failed.attempts == 1 { "once".to_owned() } else { format!("{} times", failed.attempts) };
        let error = safe(&failed.error);
        let _ = writeln!(text, "  {WARN}!{PLAIN}     {destination} was not notified, tried {times}: {error}");
    }
    if let Some(next) = &next.next {
        let room = width(std::io::stdout()).map_or(usize::MAX, |width| width - 6);
        let _ = writeln!(text, "next: {STRONG}{}{PLAIN}", wrapped(next, room).join("\n      "));
    }
    text
}

/// `as of TIME, from the working clone of PERSON (store NAME)`.
pub fn elsewhere(view: &ElsewhereView) -> String {
    let ElsewhereView { store, who, as_of, differing } = view;
    let store = safe(store.get(..12).unwrap_or(store));
    let mut text = format!("as of {}, from the working clone of {} (store {store})", utc(*as_of), safe(who));
    if *differing > 0 {
        let _ = write!(
            text,
            "\n{WARN}!{PLAIN}     {differing} events of this clone are not in the journal that they continued"
        );
    }
    text
}

/// A line on standard error for each published journal that can't be shown as the remote has it.
pub async fn problems(service: &Service) -> Result<(), AppError> {
    let others = service.others().await?;
    let said =
        others.problems.iter().map(|problem| format!("`{}`, published by another clone: {}", problem.id, problem.why));
    warn(&said.collect::<Vec<_>>());
    Ok(())
}

/// Warnings on standard error, a line each.
pub fn warn(warnings: &[String]) {
    for warning in warnings {
        anstream::eprintln!("{WARN}warning:{PLAIN} {}", safe(warning));
    }
}

/// `DEPLOY-20261120-001  deploy v2.4.0 to production      12 s   done`.
fn order_header(service: &Service, incident: &Incident) -> String {
    let title = safe(&incident.title());
    let took = incident.ended.unwrap_or(service.now()).duration_since(incident.declared).as_secs();
    let ended = match incident.status {
        Status::Closed if incident.went_back() => "rolled back",
        Status::Closed => "done",
        status => status.as_str(),
    };
    format!("{STRONG}{}{PLAIN}  {title}\n{FAINT}{}{PLAIN}   {ended}\n", incident.id, elapsed(took))
}

/// `ID  P0  title      18 min of 2 h   next update due in 4 min`.
fn header(service: &Service, incident: &Incident) -> String {
    if incident.order().is_some() {
        return order_header(service, incident);
    }
    let clocks = clocks(incident, &service.config().allowance(incident.severity), service.now());
    let severity = if incident.severity == Some(Severity::P0) { BAD } else { WARN };
    let mut text = format!(
        "{STRONG}{}{PLAIN}  {severity}{}{PLAIN}  {}",
        incident.id,
        incident.severity.map_or("", Severity::as_str),
        safe(&incident.title())
    );
    let late = if clocks.limit.is_overdue() { BAD } else { FAINT };
    let _ = write!(text, "\n{late}{}{PLAIN}", clocks.limit.taken_of_allowed());
    if clocks.limit.is_overdue() {
        let _ = write!(text, " {BAD}{}{PLAIN}", clocks.limit.due_in());
    }
    if let Some((step, clock)) = &clocks.step {
        let late = if clock.is_overdue() { BAD } else { FAINT };
        let _ = write!(text, "   {late}{step} {}{PLAIN}", clock.taken_of_allowed());
    }
    if let Some(update) = &clocks.update {
        let late = if update.is_overdue() { BAD } else { FAINT };
        let _ = write!(text, "   {late}next update {}{PLAIN}", update.due_in());
    }
    if let Some(post_mortem) = &clocks.post_mortem {
        let late = if post_mortem.is_overdue() { BAD } else { FAINT };
        let _ = write!(text, "   {late}post-mortem {}{PLAIN}", post_mortem.due_in());
    }
    if incident.declaration().is_some_and(|declaration| declaration.embargo) {
        let _ = write!(text, "   {WARN}under embargo{PLAIN}");
    }
    let _ = writeln!(text, "   {}", incident.status.as_str());
    text
}

/// The width of the column with the names of an incident's steps.
pub fn names(incident: &Incident) -> usize {
    incident.steps().map(|step| step.name.as_str().len()).max().unwrap_or_default().max(12)
}

/// One step on one line, its name in a column of `names`; what does not fit on it, of `width` columns,
/// is indented below.
pub fn line(step: &StepRecord, now: Timestamp, names: usize, width: Option<usize>) -> String {
    // Where the text starts: after a margin, a word and the name.
    let indent = 9 + names;
    let (word, style) = match step.state {
        StepState::Done { .. } if FullSuite::has_failed(step) => ("!", WARN),
        StepState::Done { .. } => ("ok", GOOD),
        StepState::Skipped { .. } => ("skip", FAINT),
        StepState::Held { .. } => ("held", WARN),
        StepState::Failed { .. } => ("FAIL", BAD),
        StepState::WentBad { .. } => ("BAD", BAD),
        StepState::Stuck { .. } => ("STUCK", BAD),
        StepState::Started => ("...", STRONG),
        StepState::Undoing => ("undo", WARN),
        StepState::Undone { .. } => ("undid", FAINT),
        StepState::Waiting => ("", FAINT),
    };
    let took = step.started.map_or(0, |started| step.ended.unwrap_or(now).duration_since(started).as_secs());
    let took = if took > 0 || width.is_none() { format!("   {}", elapsed(took)) } else { String::new() };
    let room = width.map(|width| width.saturating_sub(indent + took.len().max(8)));
    let mut lines = step.state.summary().lines().flat_map(|line| wrapped(&safe(line), room.unwrap_or(usize::MAX)));
    let mut first = lines.next().unwrap_or_default();
    if let Some(room) = room.filter(|_| !took.is_empty()) {
        // If the width is known, the times have their own column at the right.
        first = format!("{first:<0$}", room + 8usize.saturating_sub(took.len()));
    }
    let below: String = lines.map(|more| format!("{:indent$}{more}\n", "")).collect();
    format!("  {style}{word:<6}{PLAIN}{:<names$} {first}{FAINT}{took}{PLAIN}\n{below}", step.name)
}

/// The text in lines of at most `room` characters, broken between words. A longer word has its
/// own line, and text in backticks is one word: somebody may want to copy it.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut in_code = false;
    let pieces = text.split(|c| {
        in_code ^= c == '`';
        c == ' ' && !in_code
    });
    for word in pieces {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST: usize = 110;

/// The number of columns of `stream`: COLUMNS, or that of the terminal; `None` if there is neither.
pub fn width(stream: impl AsFd) -> Option<usize> {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || rustix::termios::tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col));
    asked.or_else(terminal).filter(|columns| *columns >= 40).map(|columns| columns.min(WIDEST))
}

/// The text without control characters, and with those that deceive the eye spelled out: text from outside
/// can't control the terminal, or look like another one.
pub fn safe(text: &str) -> String {
    plain(&quote::plain(text)).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Tells something on standard error that is no error.
pub fn note(text: &str) {
    anstream::eprintln!("{WARN}note:{PLAIN} {}", safe(text));
}

/// `2026-11-20 14:23 UTC`.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::{safe, wrapped};

    #[test]
    fn text_from_outside_neither_controls_the_terminal_nor_deceives() {
        for (text, expected) in [
            ("a\u{1b}[31mb\nc", "a [31mb c"),
            ("user\u{202e}gpj.exe", r"user\u{202e}gpj.exe"),
            ("pay\u{200b}ment\u{feff}", r"pay\u{200b}ment\u{feff}"),
            ("é ü 日本 💥", "é ü 日本 💥"),
        ] {
            assert_eq!(safe(text), expected);
        }
    }

    #[test]
    fn a_line_is_broken_between_words_only() {
        assert_eq!(wrapped("one two three", usize::MAX), ["one two three"]);
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("in /a/long/path now", 8), ["in", "/a/long/path", "now"]);
        assert_eq!(wrapped("then `hotfix ship` it", 8), ["then", "`hotfix ship`", "it"]);
        assert_eq!(wrapped("", 8), [""]);
    }
}
