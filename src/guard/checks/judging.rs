//! Whether the fix changes what it is judged by.

use super::Check;
use crate::domain::change::Content;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level};
use crate::guard::judging;

pub const CHECK: Check = Check {
    name: "judging",
    level: Level::Block,
    rate: None,
    help: "A fix that changes a gate's program, the settings of its tests, or CI is judged by itself. Change those \
           apart from the fix, or decide by name that this is right.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &subject.change.files {
        let named =
            [file.path.as_str(), file.old_path()].into_iter().find(|path| subject.policy.judges.contains(*path));
        let text = |side: &Option<Vec<u8>>| side.as_ref().map(|text| String::from_utf8_lossy(text).into_owned());
        let (before, after) = (text(&file.before), text(&file.after));
        // One that moves away or here is gone, or new, at its place.
        let by_place = |path: &str| match matches!(file.content, Content::Text | Content::Binary) {
            true if path == file.path && path == file.old_path() => {
                judging::changed(path, before.as_deref(), after.as_deref())
            }
            true if path == file.path => judging::changed(path, None, after.as_deref()),
            true => judging::changed(path, before.as_deref(), None),
            false => judging::changed(path, Some("unread"), Some("changed")),
        };
        let place = named.map(|path| (path, "what a gate runs")).or_else(|| {
            [file.old_path(), file.path.as_str()].into_iter().find_map(|path| Some((path, by_place(path)?)))
        });
        if let Some((path, what)) = place {
            found.push(Finding::of_file(path, format!("the fix changes {what}, by which it is judged")));
        }
    }
    found
}
