//! Whether something was moved or renamed, which a fix does not need.

use super::Check;
use crate::guard::Subject;
use crate::guard::file::{File, Role, any_within};
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::renaming::renaming;
use crate::guard::syntax::entity::{Entity, Kind};

pub const CHECK: Check = Check {
    name: "move",
    level: Level::Block,
    rate: Some(0.022),
    help: "Moving and renaming is refactoring: it hides the fix in the diff, and makes every backport harder. \
           Found are files that git sees as moved, bodies that are elsewhere now, and code that is the same after \
           one consistent renaming.",
    look,
};

/// The fewest rows of a function whose place in its file is looked at.
const FEWEST: usize = 3;

fn look(subject: &Subject) -> Vec<Finding> {
    let files = subject.sources().filter_map(moved_file);
    let entities = subject.moves.iter().filter_map(|moved| {
        let (old, new) = (moved.taken(&subject.files)?, moved.put(&subject.files)?);
        let (from, to) = (&subject.files[moved.from.0], &subject.files[moved.to.0]);
        // What lies in something that was moved went along with it.
        let along = new.container.is_some_and(|container| subject.put.contains(&(moved.to.0, container)));
        let file_too = moved.from.0 == moved.to.0 && from.change.old_path.is_some() && old.name == new.name;
        // Where its code stays as it is, only what is around it has changed: a namespace, an `#if`.
        let stays = moved.from.0 == moved.to.0 && !any_within(&to.edited_rows(Side::After), &new.rows);
        if along || file_too || stays {
            return None;
        }
        let message = match moved.keeps_name(&subject.files) {
            true if moved.from.0 == moved.to.0 => format!("{} `{}` is now `{}`", old.kind.word(), old.name, new.name),
            true => format!("{} `{}` was moved here from `{}`", new.kind.word(), new.name, from.path(Side::Before)),
            false => format!("{} `{}` was renamed to `{}`", old.kind.word(), old.name, new.name),
        };
        let found = Finding::of_file(&to.change.path, message).at_rows(&to.change.path, Side::After, new.rows.clone());
        Some(found.at_rows(from.path(Side::Before), Side::Before, old.rows.clone()))
    });
    let renamed = |at: usize| subject.moves.iter().any(|moved| moved.to.0 == at);
    let within =
        subject.files.iter().enumerate().filter(|(_, file)| file.role == Role::Source).flat_map(|(at, file)| {
            let functions = within_file(file);
            // What was reported of its parts is not reported again of the whole.
            let whole = if functions.is_empty() && !renamed(at) { renamed_names(file) } else { None };
            functions.into_iter().chain(whole)
        });
    files.chain(entities).chain(within).collect()
}

fn moved_file(file: &File) -> Option<Finding> {
    let old = file.change.old_path.as_ref()?;
    Some(Finding::of_file(&file.change.path, format!("the file was moved here from `{old}`")))
}

/// Functions that only changed their place in the file, or the names in them.
fn within_file(file: &File) -> Vec<Finding> {
    let (Some(before), Some(after)) = (&file.before.syntax, &file.after.syntax) else { return Vec::new() };
    let (removed, added) = (file.edited_rows(Side::Before), file.edited_rows(Side::After));
    let mut found = Vec::new();
    for (old_index, new_index) in &file.comparison.kept {
        let (old, new) = (&before.entities[*old_index], &after.entities[*new_index]);
        if old.kind != Kind::Function || old.test || before.is_broken_at(&old.rows) || after.is_broken_at(&new.rows) {
            continue;
        }
        let same = file.comparison.before[*old_index] == file.comparison.after[*new_index];
        let moved = || is_within(file, Side::Before, old, &removed) && is_within(file, Side::After, new, &added);
        let message = match same {
            true if moved() => format!("function `{}` was moved within the file", new.name),
            true => continue,
            false => match renaming(
                (before, file.bytes(Side::Before), old.whole.clone()),
                (after, file.bytes(Side::After), new.whole.clone()),
            ) {
                Some(names) => format!("in function `{}` only names changed: {}", new.name, words(&names)),
                None => continue,
            },
        };
        let rows = new.rows.clone().filter(|row| added.binary_search(row).is_ok());
        found.push(Finding::of_file(&file.change.path, message).at_rows(&file.change.path, Side::After, rows));
    }
    found
}

/// A file in which only names changed.
fn renamed_names(file: &File) -> Option<Finding> {
    let (before, after) = (file.before.syntax.as_ref()?, file.after.syntax.as_ref()?);
    let (old, new) = (file.bytes(Side::Before), file.bytes(Side::After));
    let names = renaming((before, old, 0..old.len()), (after, new, 0..new.len()))?;
    let rows = file.edits.iter().flat_map(|edit| &edit.added).copied();
    let path = &file.change.path;
    Some(Finding::of_file(path, format!("only names changed: {}", words(&names))).at_rows(path, Side::After, rows))
}

/// Whether all of an entity's code is among the edited rows.
fn is_within(file: &File, side: Side, entity: &Entity, edited: &[usize]) -> bool {
    let rows = entity.rows.clone().filter(|row| !file.side(side).code(*row).is_empty());
    // A closing bracket looks like any other one, and so may count as kept.
    let rows: Vec<usize> = rows.filter(|row| file.side(side).code(*row).len() > 2).collect();
    rows.len() >= FEWEST && rows.iter().all(|row| edited.binary_search(row).is_ok())
}

fn words(names: &[(&[u8], &[u8])]) -> String {
    let word = |(old, new): &(&[u8], &[u8])| {
        format!("`{}` to `{}`", String::from_utf8_lossy(old), String::from_utf8_lossy(new))
    };
    names.iter().map(word).collect::<Vec<_>>().join(", ")
}
