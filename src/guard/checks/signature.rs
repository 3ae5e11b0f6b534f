//! Whether what others can use is to be used otherwise.

use super::Check;
use crate::guard::Subject;
use crate::guard::file::File;
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::syntax::entity::Kind;

pub const CHECK: Check = Check {
    name: "signature",
    level: Level::Block,
    rate: Some(0.049),
    help: "Whoever calls the code now must be able to call it as before: parameters, result, visibility and decorators of \
           what is exported stay as they are.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    subject.sources().flat_map(changed).collect()
}

fn changed(file: &File) -> Vec<Finding> {
    let (Some(before), Some(after)) = (&file.before.syntax, &file.after.syntax) else { return Vec::new() };
    let mut found: Vec<(usize, String)> = Vec::new();
    let hidden = file.comparison.kept.iter().filter(|(_, new)| !after.entities[*new].exported);
    let changed = file.comparison.changed.iter().filter(|(_, new)| after.entities[*new].exported);
    for (old_index, new_index) in hidden.chain(changed) {
        let (old, new) = (&before.entities[*old_index], &after.entities[*new_index]);
        let certain = !before.is_broken_at(&old.rows) && !after.is_broken_at(&new.rows);
        // The value of a constant or a property is what a fix is free to change, and a scope has nothing but
        // a name.
        let has_users = !matches!(old.kind, Kind::Constant | Kind::Property | Kind::Scope | Kind::Module) && !old.test;
        if !(old.exported && certain && has_users) {
            continue;
        }
        let message = match new.exported {
            true => format!("the signature of the exported {} `{}` changed", old.kind.word(), old.name),
            false => format!("{} `{}` is no longer exported", old.kind.word(), old.name),
        };
        found.push((*new_index, message));
    }
    found.sort_unstable();
    let path = &file.change.path;
    let finding = |(new, message): (usize, String)| {
        Finding::of_file(path, message).at_rows(path, Side::After, after.entities[new].head.clone())
    };
    found.into_iter().map(finding).collect()
}
