//! The result of a command.

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use crate::domain::incident::Status;
use crate::domain::quote;

/// The result of a command: text for people, JSON for machines, and the exit status.
#[derive(Debug)]
pub struct Reply {
    pub text: String,
    pub json: Value,
    pub exit: u8,
    /// Whether the JSON is one line, the last of several.
    pub is_line: bool,
}

impl Reply {
    /// `view` is one of `app::view`, which defines the output for machines.
    pub fn new(text: impl Into<String>, view: impl Serialize) -> Reply {
        Reply { text: text.into(), json: json(&view), exit: 0, is_line: false }
    }

    /// The end of a command that printed lines of JSON before.
    pub fn line(text: impl Into<String>, view: impl Serialize) -> Reply {
        Reply { is_line: true, ..Reply::new(text, view) }
    }

    /// The same with the exit status of an incident's status.
    pub fn with(mut self, status: Status) -> Reply {
        self.exit = match status {
            Status::Open | Status::Closed | Status::Aborted => 0,
            Status::Failed | Status::Aborting => 1,
            Status::Held => 3,
            Status::Stuck => 4,
        };
        self
    }

    /// Prints it on standard output; a reader that went away is no error.
    pub fn print(self, json: bool) -> ExitCode {
        let text = match json {
            true if self.is_line => format!("{}\n", self.json),
            true => format!("{:#}\n", self.json),
            false => self.text,
        };
        let mut out = anstream::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        if !text.is_empty() && !text.ends_with('\n') {
            let _ = out.write_all(b"\n");
        }
        let _ = out.flush();
        ExitCode::from(self.exit)
    }
}

/// Returns the view as JSON for machines.
pub fn json(view: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(view).expect("a view has only string keys and UTF-8 text");
    unmark(&mut value);
    value
}

/// Takes the marks of quoted lines off, which what is not in a journal still has.
fn unmark(value: &mut Value) {
    match value {
        Value::String(text) if quote::has_quotes(text) => *text = quote::plain(text),
        Value::Array(values) => values.iter_mut().for_each(unmark),
        Value::Object(values) => values.values_mut().for_each(unmark),
        _ => {}
    }
}
