//! What the guard could not look at: never a pass.

use std::ops::Range;

use super::Check;
use crate::domain::change::Content;
use crate::guard::Subject;
use crate::guard::file::File;
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::syntax::Syntax;

pub const CHECK: Check = Check {
    name: "unknown",
    level: Level::Block,
    rate: None,
    help: "Where the text makes no sense in its language, or is too large to be read, the checks that need its \
           meaning can't judge. A person has to look.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    subject.sources().chain(subject.tests()).filter_map(unknown).collect()
}

fn unknown(file: &File) -> Option<Finding> {
    let path = &file.change.path;
    let unread = match file.change.content {
        Content::Large => Some("its content is too large to be read".to_owned()),
        Content::Submodule => Some("it is the commit of another repository".to_owned()),
        Content::Text | Content::Binary => {
            file.after.unread.or(file.before.unread).map(|unread| format!("its code was not read: {unread}"))
        }
    };
    if let Some(reason) = unread {
        return Some(Finding::of_file(path, format!("what changes in `{path}` is not known: {reason}")));
    }
    let language = file.language.map_or("its language", |language| language.name);
    let errors: Rows = |syntax| &syntax.errors;
    if let Some((level, side, rows)) = broken(file, errors) {
        let message = format!("what changes in `{path}` is not known for certain: {language} can't be read there");
        return Some(Finding::of_file(path, message).at_rows(file.path(side), side, rows).level(level));
    }
    let (_, side, rows) = broken(file, |syntax| &syntax.unclear)?;
    let message = format!("a statement that changes in `{path}` makes no sense in {language}");
    Some(Finding::of_file(path, message).at_rows(file.path(side), side, rows).level(Level::Warn))
}

type Rows = fn(&Syntax) -> &Vec<Range<usize>>;

/// Where the change touches some of `rows`: the side to show, and the rows there.
fn broken(file: &File, rows: Rows) -> Option<(Level, Side, Vec<usize>)> {
    let touched = |side: Side, syntax: &Option<Syntax>| -> Vec<usize> {
        let Some(syntax) = syntax else { return Vec::new() };
        rows(syntax).iter().filter(|rows| file.touches(side, rows)).map(|rows| rows.start).collect()
    };
    let (old, new) = (touched(Side::Before, &file.before.syntax), touched(Side::After, &file.after.syntax));
    // Where it could not be read before either, the fix did not break it.
    let level = if old.is_empty() { Level::Block } else { Level::Warn };
    match (old.is_empty(), new.is_empty()) {
        (true, true) => None,
        (false, true) => Some((level, Side::Before, old)),
        (_, false) => Some((level, Side::After, new)),
    }
}
