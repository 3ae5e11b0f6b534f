//! The documents of an incident: ticket, resolution, report and post-mortem.

use super::template::{TemplateError, Templates};
use super::view::view;
use crate::domain::allowance::Allowance;
use crate::domain::event::Event;
use crate::domain::incident::Incident;

/// A document, named as its template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    Ticket,
    /// The section that is added to the ticket at the end.
    Resolution,
    Report,
    BriefReport,
    /// The issue for the full fix after a workaround.
    FollowUp,
    /// The draft of the post-mortem.
    PostMortem,
}

/// What a document is about.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    pub incident: &'a Incident,
    /// The events that `incident` is the fold of.
    pub events: &'a [Event],
    pub allowance: &'a Allowance,
}

impl Document {
    /// The file name of the document's template.
    pub fn template(self) -> &'static str {
        match self {
            Document::Ticket => "ticket.md",
            Document::Resolution => "resolution.md",
            Document::Report => "report.md",
            Document::BriefReport => "report-brief.md",
            Document::FollowUp => "follow-up.md",
            Document::PostMortem => "post-mortem.md",
        }
    }

    /// Returns the document in Markdown.
    ///
    /// Fails if a project's own template uses a value that does not exist.
    pub fn write(self, templates: &Templates, account: Account<'_>) -> Result<String, TemplateError> {
        templates.render(self.template(), &view(account))
    }
}

/// Returns `ticket` with `resolution` at its end; unchanged if it ends with it already.
pub fn resolved(ticket: &str, resolution: &str) -> String {
    let break_ = if ticket.contains("\r\n") { "\r\n" } else { "\n" };
    let resolution = resolution.trim().replace('\n', break_);
    let ticket = ticket.trim_end();
    if ticket.ends_with(&resolution) {
        return format!("{ticket}{break_}");
    }
    let gap = if ticket.is_empty() { String::new() } else { break_.repeat(2) };
    format!("{ticket}{gap}{resolution}{break_}")
}
