//! The world outside: what it was made to do, and whether it may have been.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::env::TestEnv;

/// A deploy that takes its time. It says when it starts and when it ends, and whether another one runs.
const DEPLOY: &str = r#"
id=$(cat /proc/sys/kernel/random/uuid)
exec 9>../deploying
flock --nonblock 9 || echo "overlap $HOTFIX_RELEASE $id" >> ../effects
echo "begin $HOTFIX_RELEASE $id" >> ../effects
sleep 0.4
echo "$HOTFIX_RELEASE" > ../running
echo "end $HOTFIX_RELEASE $id" >> ../effects
"#;

/// What git takes for ssh: it runs the command here, so that every machine has the same address for the remote.
const SSH: &str = "#!/bin/sh\nfor command; do :; done\nexec sh -c \"$command\"\n";

pub struct Receiver;

impl Receiver {
    /// Makes `env` a repository in which the whole job runs without anybody.
    pub fn new(env: &TestEnv) -> Receiver {
        env.instant();
        env.write("../deploy.sh", DEPLOY);
        env.write("../effects", "");
        env.write("../notices", "");
        let text = env.read("hotfix.toml");
        let (before, rest) = text.split_once("deploy = ").expect("a deploy command");
        let (_, after) = rest.split_once('\n').expect("a line");
        let fix = "test -e fix.txt || (printf fixed > fix.txt && git add . && git commit --quiet --message 'Fix it')";
        let more = format!(
            "\n[fix]\ncommand = \"{fix}\"\n\n[[notify]]\nname = \"team\"\nby.file = {{ path = \"../notices\" }}\n"
        );
        env.settings(&format!("{before}deploy = \"sh ../deploy.sh\"\n{after}{more}"));
        env.commit("Let a command make the fix");
        env.git(&["push", "--quiet", "origin", "main", "main:develop", "main:release/1", "main:feature/a"]);
        env.write("../ssh", SSH);
        fs::set_permissions(env.path("ssh"), fs::Permissions::from_mode(0o700)).expect("it is there");
        // The person's own: what a clone's names is not started.
        let ssh = env.path("ssh");
        env.write("../gitconfig", &format!("[core]\nsshCommand = {}\n[ssh]\nvariant = simple\n", ssh.display()));
        Receiver
    }

    /// Makes a clone; it has the remote by an address that is the same on every machine.
    pub fn clone(&self, env: &TestEnv, name: &str) {
        if !env.path(name).exists() {
            env.git_in(".", &["clone", "--quiet", "remote.git", name]);
        }
        let url = format!("ssh://git.example{}", env.path("remote.git").display());
        env.git_in(name, &["remote", "set-url", "origin", &url]);
    }

    /// What can be seen outside: branches with their commits, tags, documents, what runs, notices.
    pub fn world(&self, env: &TestEnv) -> String {
        let remote = |args: &[&str]| env.git_in("remote.git", args);
        let branches = remote(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags"]);
        let mut world = branches.clone();
        for branch in branches.lines().filter(|name| name.starts_with("refs/heads/")) {
            world += &format!("\n\n{branch}\n{}", remote(&["log", "--topo-order", "--format=%s", branch]));
        }
        world += &format!("\n\n{}", remote(&["ls-tree", "-r", "--name-only", "main"]));
        world += &format!("\nchangelog: {}", remote(&["show", "main:CHANGELOG.md"]).matches("Payment API").count());
        world += &format!("\nruns {}", env.read("../running"));
        let notices = env.read("../notices");
        let subjects = notices.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap_or_default());
        let mut subjects: Vec<&str> = subjects.map(|subject| subject.split(':').next().unwrap_or_default()).collect();
        // That somebody is needed is said only where that is so, and in which order makes no difference.
        subjects.retain(|subject| !subject.contains(" stuck") && !subject.contains(" held"));
        subjects.sort_unstable();
        subjects.dedup();
        world + &subjects.join("\n")
    }

    /// What was done twice, at the same time as another, or not at all.
    pub fn wrong(&self, env: &TestEnv) -> Vec<String> {
        let effects = env.read("../effects");
        let count = |what: &str| effects.lines().filter(|line| line.starts_with(what)).count();
        let mut wrong = Vec::new();
        if count("overlap ") > 0 {
            wrong.push(format!("two deploys at the same time:\n{effects}"));
        }
        if count("end ") != 1 {
            wrong.push(format!("deployed {} times:\n{effects}", count("end ")));
        }
        wrong
    }
}

/// Makes all that is directly in a git directory, or in its directory of objects, two days old.
pub fn age(directory: &Path) {
    let then = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    for folder in [directory.to_owned(), directory.join("objects")] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let _ = fs::File::open(entry.path()).and_then(|file| file.set_modified(then));
        }
    }
}

/// Files below a git directory that a process was to remove, and was killed before.
pub fn strays(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if name.ends_with(".lock") || name.starts_with("hotfix-index-") || name.contains("tmp_objdir") {
                found.push(format!("left behind: {}", path.display()));
            } else if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            }
        }
    }
    found
}
