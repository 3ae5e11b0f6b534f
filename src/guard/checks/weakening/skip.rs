//! Whether a skip takes anything away: a test that is new with it, and that skips itself only on some
//! machines, was not run anywhere before.

use super::pattern::{CONDITION, SKIP_SOMEWHERE, TEST};
use crate::guard::file::{Edit, File};
use crate::guard::finding::Side;
use crate::guard::syntax::entity::Kind;

/// How far above a skip its condition may stand, in rows.
const ABOVE: usize = 3;

/// Whether the row, which `edit` adds and which skips a test, belongs to a new test and asks for something.
pub fn is_part_of_new_test(file: &File, edit: &Edit, row: usize) -> bool {
    is_conditional(file, row) && (file.change.is_new() || is_in_new_function(file, row) || begins_test(file, edit))
}

fn is_conditional(file: &File, row: usize) -> bool {
    let above = row.saturating_sub(ABOVE)..row;
    SKIP_SOMEWHERE.is_match(file.after.bare(row)) || above.rev().any(|row| CONDITION.is_match(file.after.bare(row)))
}

/// Whether the function around a row is new, decorators included.
fn is_in_new_function(file: &File, row: usize) -> bool {
    let Some(syntax) = &file.side(Side::After).syntax else { return false };
    let added = file.comparison.added.iter().map(|index| &syntax.entities[*index]);
    added.filter(|entity| entity.kind == Kind::Function).any(|entity| entity.rows.contains(&row))
}

/// Whether a test begins in what is added, where nothing is taken away: languages whose tests are calls
/// have no functions that tell them apart.
fn begins_test(file: &File, edit: &Edit) -> bool {
    edit.removed.is_empty() && edit.added.iter().any(|row| TEST.is_match(file.after.bare(*row)))
}
