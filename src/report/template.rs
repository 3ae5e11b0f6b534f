//! The templates of the documents: the shipped ones, or a project's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::markdown;
use crate::private;

/// The shipped templates by file name.
const SHIPPED: &[(&str, &str)] = &[
    ("ticket.md", include_str!("../../templates/ticket.md")),
    ("resolution.md", include_str!("../../templates/resolution.md")),
    ("report.md", include_str!("../../templates/report.md")),
    ("report-brief.md", include_str!("../../templates/report-brief.md")),
    ("follow-up.md", include_str!("../../templates/follow-up.md")),
    ("post-mortem.md", include_str!("../../templates/post-mortem.md")),
];

/// Where a project's own are.
const FOLDER: &str = ".hotfix/templates";

/// The most bytes of a template.
pub const LARGEST: u64 = 256 * 1024;

/// How much a template may do, in instructions of minijinja: the longest of the shipped ones needs some
/// thousands.
const FUEL: u64 = 2_000_000;

/// The names of the templates.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// Where a project's own template of this name is, in its repository.
pub fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// The templates in force. One that is wrong is so where it is used.
#[derive(Clone, Debug)]
pub struct Templates {
    sources: BTreeMap<&'static str, Result<String, TemplateError>>,
    /// The names of those that are the project's own.
    own: BTreeSet<&'static str>,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("`{}` can't be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("template `{name}`, line {line}, `{text}`: {reason}")]
    Wrong { name: &'static str, line: usize, text: String, reason: String },
}

impl Templates {
    /// Returns the shipped templates, each replaced by the file of the same name in `.hotfix/templates` of the
    /// work tree `top` if there is one.
    pub fn load(top: Option<&Path>) -> Templates {
        let read = |name: &'static str| {
            let (top, path) = (top?, top?.join(path(name)));
            path.symlink_metadata().is_ok().then(|| (name, own(top, &path)))
        };
        Templates::of(names().filter_map(read).collect())
    }

    /// Returns the shipped templates, each replaced by the project's own of the same name if there is one.
    pub fn of(mut own: BTreeMap<&'static str, Result<String, TemplateError>>) -> Templates {
        let names = own.keys().copied().collect();
        let compiled = |name: &'static str, source: String| match environment().template_from_str(&source) {
            Ok(_) => Ok(source),
            Err(error) => Err(wrong(name, &source, error)),
        };
        let sources = SHIPPED.iter().map(|(name, shipped)| {
            let source = own.remove(name).unwrap_or_else(|| Ok((*shipped).to_owned()));
            (*name, source.and_then(|source| compiled(name, source)))
        });
        Templates { sources: sources.collect(), own: names }
    }

    /// The project's own templates that can be used, each with its name.
    pub fn own(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let source = |name: &&'static str| Some((*name, self.sources.get(name)?.as_ref().ok()?.as_str()));
        self.own.iter().filter_map(source)
    }

    /// What is wrong with a project's own templates, each by its name.
    pub fn errors(&self) -> impl Iterator<Item = &TemplateError> {
        self.sources.values().filter_map(|source| source.as_ref().err())
    }

    /// Returns the document of template `name` with `values`.
    ///
    /// Fails if the template can't be read, is not one, does too much, or uses a value that does not exist.
    pub(super) fn render(&self, name: &'static str, values: &impl Serialize) -> Result<String, TemplateError> {
        let source = self.sources[name].as_ref().map_err(Clone::clone)?;
        environment().render_str(source, Serde(values)).map_err(|error| wrong(name, source, error))
    }
}

/// Reads a project's own template. A link may lead anywhere within the work tree: what is elsewhere, or in the
/// git directory, is not the project's to publish.
fn own(top: &Path, path: &Path) -> Result<String, TemplateError> {
    let read = || {
        let (top, real) = (top.canonicalize()?, path.canonicalize()?);
        let inside = real.strip_prefix(&top).is_ok_and(|inside| !inside.iter().any(|part| part == ".git"));
        match inside {
            true => private::read(&real, LARGEST),
            false => Err(std::io::Error::other("it is a link to a place outside of the work tree")),
        }
    };
    read().map_err(|error| TemplateError::Unreadable { path: path.to_owned(), reason: error.to_string() })
}

fn wrong(name: &'static str, template: &str, error: minijinja::Error) -> TemplateError {
    let line = error.line().unwrap_or(1);
    let text = template.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned();
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    TemplateError::Wrong { name, line, text, reason }
}

/// Every value is shown as plain text, or as a code span by the filter `code`: no template can forget to
/// escape untrusted text.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = minijinja::syntax::SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the default delimiters differ");
    environment.set_syntax(syntax);
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_filter("code", |value: String| Value::from_safe_string(markdown::code(&value)));
    environment.set_formatter(|out, _, value| {
        if value.is_safe() {
            write!(out, "{value}")?;
        } else if !value.is_none() {
            out.write_str(&markdown::text(&value.to_string()))?;
        }
        Ok(())
    });
    environment
}
