//! Random histories, the same for the same seed.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Numbers that look random (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The files of a commit: mode and content by path.
pub type Files = BTreeMap<String, (&'static str, String)>;

/// A history as `git fast-import` reads it.
#[derive(Default)]
pub struct History {
    pub stream: String,
    /// The files after each commit; the commit with mark n is at n - 1.
    pub commits: Vec<Files>,
}

impl History {
    /// Five commits, eight branches from and across them (`feature/0` and so on), a fix (`fix`), a
    /// branch that has it (`feature/after`) and one that has the same change (`feature/same`).
    pub fn random(random: &mut Random) -> History {
        let mut history = History::default();
        let mut files = Files::new();
        for (at, path) in ["a.txt", "b.txt", "lib/c.txt", "lib/d.txt", "lib/deep/e.txt", "bin/run"].iter().enumerate() {
            files.insert((*path).to_owned(), ("100644", text(random, at)));
        }
        files.insert("data.bin".to_owned(), ("100644", format!("\0binary {}", random.below(9))));
        if random.below(3) == 0 {
            files.insert(".gitattributes".to_owned(), ("100644", attributes(random)));
        }
        history.commit("refs/heads/main", &[], files);
        for _ in 0..4 {
            let from = history.commits.len();
            let changed = history.changed(random, from, 2);
            history.commit("refs/heads/main", &[from], changed);
        }
        for at in 0..8 {
            let from = 1 + random.below(history.commits.len());
            let mut parents = vec![from];
            if random.below(4) == 0 {
                let other = 1 + random.below(history.commits.len());
                parents.extend((other != from).then_some(other));
            }
            let changes = 1 + random.below(4);
            let changed = history.changed(random, from, changes);
            history.commit(&format!("refs/heads/feature/{at}"), &parents, changed);
        }
        let from = 1 + random.below(history.commits.len());
        let changes = 1 + random.below(2);
        let changed = history.changed(random, from, changes);
        history.commit("refs/heads/fix", &[from], changed);
        let fix = history.commits.len();
        let changed = history.changed(random, fix, 1);
        history.commit("refs/heads/feature/after", &[fix], changed);
        let other = 1 + random.below(fix - 1);
        let same = history.with_change(from, fix, other);
        history.commit("refs/heads/feature/same", &[other], same);
        history
    }

    fn commit(&mut self, branch: &str, parents: &[usize], files: Files) {
        let mark = self.commits.len() + 1;
        let time = 1_700_000_000 + mark;
        let stream = &mut self.stream;
        write!(stream, "commit {branch}\nmark :{mark}\ncommitter C <c@c> {time} +0000\n").expect("a string");
        write!(stream, "data <<END\nCommit {mark}\nEND\n").expect("a string");
        for (at, parent) in parents.iter().enumerate() {
            writeln!(stream, "{} :{parent}", if at == 0 { "from" } else { "merge" }).expect("a string");
        }
        stream.push_str("deleteall\n");
        for (path, (mode, content)) in &files {
            write!(stream, "M {mode} inline {path}\ndata {}\n{content}\n", content.len()).expect("a string");
        }
        stream.push('\n');
        self.commits.push(files);
    }

    /// The files of `other` with what differs between `from` and `to` as `to` has it.
    fn with_change(&self, from: usize, to: usize, other: usize) -> Files {
        let [from, to] = [from, to].map(|mark| &self.commits[mark - 1]);
        let mut files = self.commits[other - 1].clone();
        for path in from.keys().chain(to.keys()).filter(|path| from.get(*path) != to.get(*path)) {
            match to.get(path) {
                Some(entry) => files.insert(path.clone(), entry.clone()),
                None => files.remove(path),
            };
        }
        files
    }

    fn changed(&self, random: &mut Random, from: usize, count: usize) -> Files {
        let mut files = self.commits[from - 1].clone();
        for _ in 0..count {
            change(random, &mut files);
        }
        files
    }
}

/// Ten lines, some of them chosen.
fn text(random: &mut Random, kind: usize) -> String {
    let end = if random.below(8) == 0 { "\r\n" } else { "\n" };
    (0..10).map(|line| format!("file {kind} line {line} {}{end}", random.below(3))).collect()
}

fn attributes(random: &mut Random) -> String {
    let rules =
        ["*.txt merge=union\n", "lib/** -merge\n", "*.txt text\n", "*.bin binary\n", "* -text\n", "b.txt merge=ours\n"];
    format!("{}{}", random.pick(&rules), random.pick(&rules))
}

fn change(random: &mut Random, files: &mut Files) {
    let paths: Vec<String> = files.keys().cloned().collect();
    let Some(path) = (!paths.is_empty()).then(|| random.pick(&paths).clone()) else { return };
    let (mode, content) = files[&path].clone();
    match random.below(16) {
        0..=6 if mode == "120000" => {
            files.insert(path, (mode, format!("target{}", random.below(3))));
        }
        0..=6 => {
            files.insert(path, (mode, with_line(random, &content)));
        }
        7 => {
            files.remove(&path);
        }
        8 => {
            let entry = files.remove(&path).expect("it is there");
            let moved = format!("{}moved{}.txt", random.pick(&["", "lib/", "new/"]), random.below(3));
            files.insert(moved, entry);
        }
        9 => {
            let (from, to) = *random.pick(&[("lib/", "library/"), ("lib/deep/", "deep/"), ("library/", "lib/")]);
            let moved: Vec<String> = paths.iter().filter(|path| path.starts_with(from)).cloned().collect();
            for path in moved {
                let entry = files.remove(&path).expect("it is there");
                files.insert(path.replacen(from, to, 1), entry);
            }
        }
        10 => {
            let mode = if mode == "100644" { "100755" } else { "100644" };
            files.insert(path, (mode, content));
        }
        11 => {
            files.insert("link".to_owned(), ("120000", format!("target{}", random.below(3))));
        }
        12 => {
            files.insert(".gitattributes".to_owned(), ("100644", attributes(random)));
        }
        13 => {
            files.insert("data.bin".to_owned(), ("100644", format!("\0binary {}", random.below(9))));
        }
        _ => {
            let folder = random.pick(&["", "lib/", "lib/deep/", "new/deep/"]);
            let new = format!("{folder}added{}.txt", random.below(3));
            files.insert(new, ("100644", text(random, 7)));
        }
    }
}

/// The content with one of its lines changed, doubled or gone.
fn with_line(random: &mut Random, content: &str) -> String {
    let mut lines: Vec<String> = content.split_inclusive('\n').map(str::to_owned).collect();
    if lines.is_empty() {
        return "one line\n".to_owned();
    }
    let at = random.below(lines.len());
    match random.below(6) {
        0 => {
            lines.remove(at);
        }
        1 => lines.insert(at, format!("inserted {}\n", random.below(4))),
        _ => lines[at] = format!("changed {}\n", random.below(4)),
    }
    lines.concat()
}
