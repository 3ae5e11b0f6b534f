//! Shows the progress of the steps on standard error: a line each, and on a terminal what the step does
//! at the moment.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::show;
use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;
use crate::workflow::progress::Progress;

pub struct Lines {
    /// `None` if standard error is not a terminal.
    bar: Option<ProgressBar>,
}

impl Lines {
    pub fn new() -> Lines {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("  {spinner}     {prefix} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        });
        Lines { bar }
    }
}

impl Progress for Lines {
    fn started(&self, incident: &Incident, step: StepName) {
        if let Some(bar) = &self.bar {
            bar.set_prefix(format!("{step:<0$}", show::names(incident)));
            bar.set_message("");
            bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    fn update(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(show::safe(text));
        }
    }

    fn told(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| show::note(text)),
            None => show::note(text),
        }
    }

    fn waiting(&self, text: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_prefix("wait");
                bar.set_message(show::safe(text));
                bar.enable_steady_tick(Duration::from_millis(120));
            }
            None => anstream::eprintln!("waiting for {}", show::safe(text)),
        }
    }

    fn ended(&self, incident: &Incident, step: StepName) {
        let line = incident.steps().rfind(|record| record.name == step && record.ended.is_some());
        let (names, width) = (show::names(incident), show::width(std::io::stderr()));
        let line = line.map(|record| show::line(record, Timestamp::now(), names, width)).unwrap_or_default();
        match &self.bar {
            Some(bar) => {
                bar.disable_steady_tick();
                bar.suspend(|| anstream::eprint!("{line}"));
            }
            None => anstream::eprint!("{line}"),
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
