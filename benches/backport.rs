//! One fix on many branches of a real repository: how long three ways take, in one run.
//!
//!     cargo bench --bench backport -- --repo PATH [--branches N] [--loop M]
//!
//! The branches are spread over the last 2,000 first-parent commits, each with a commit of its own;
//! the fix changes the file that changed most often among them. Each way has its own bare remote
//! and its own clone. At the end the trees of all three must be the same. `cargo test --bench backport`
//! does it with ten branches of a small repository, to see that it works.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Parser;
use hotfix::git::Git;
use hotfix::git::backport::request::Request;
use hotfix::git::backport::{merge, plan, push};
use tempfile::TempDir;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measures backporting one fix to many branches.
#[derive(Debug, Parser)]
struct Args {
    /// A repository to take the history from
    #[arg(long)]
    repo: Option<PathBuf>,
    /// How many branches to make
    #[arg(long, default_value_t = 1000)]
    branches: usize,
    /// The file that the fix changes [default: the one that changed most often]
    #[arg(long)]
    file: Option<String>,
    /// How many of them the checkout, cherry-pick, push loop does; its time is scaled up from these
    #[arg(long = "loop", value_name = "M")]
    looped: Option<usize>,
    /// Measure hotfix alone
    #[arg(long)]
    alone: bool,
    /// Where to work; a temporary directory otherwise
    #[arg(long)]
    directory: Option<PathBuf>,
    /// `cargo bench` says this to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    let small = tempfile::tempdir()?;
    if !args.bench && args.repo.is_none() {
        make_small(small.path())?;
        (args.repo, args.branches) = (Some(small.path().to_owned()), 10);
    }
    let Some(repo) = args.repo else {
        println!("nothing measured: give a repository with `--repo PATH`");
        return Ok(());
    };
    let directory = match args.directory {
        Some(path) => tempfile::tempdir_in(path)?,
        None => tempfile::tempdir()?,
    };
    let field = Field::prepare(directory, &repo.canonicalize()?, args.branches, args.file)?;
    let looped = args.looped.unwrap_or(args.branches).min(args.branches);
    println!("{} branches, fix to `{}`", args.branches, field.file);

    let ours = field.ours()?;
    let total = ours.plan + ours.merge + ours.push;
    println!("hotfix backport               {total:9.3} s   {ours}");
    if args.alone {
        return Ok(());
    }
    let (merge, push) = field.one_merge_tree()?;
    println!("one merge-tree, one push      {:9.3} s   merge {merge:.3} s, push {push:.3} s", merge + push);
    if looped > 0 {
        let scaled = field.checkout_loop(looped)? / looped as f64 * args.branches as f64;
        let note = if looped < args.branches { format!("   scaled from {looped} branches") } else { String::new() };
        println!("checkout, cherry-pick, push   {scaled:9.3} s{note}");
        println!("hotfix is {:.0} times faster than the loop", scaled / total);
    }
    field.compare(looped)
}

/// Makes a repository of twenty commits to one file.
fn make_small(directory: &Path) -> Result<()> {
    git(directory, &["init", "--quiet", "--initial-branch=main"])?;
    let mut stream = String::new();
    for number in 10..30 {
        write!(stream, "commit refs/heads/main\ncommitter A <a@example.org> 17000000{number} +0000\ndata 4\nwork\n")?;
        write!(stream, "M 100644 inline price.txt\ndata 19\nprice\n\n\n\namount {number}\n\n")?;
    }
    feed(directory, &["fast-import", "--quiet"], &stream)?;
    Ok(())
}

/// What hotfix took, in seconds, and its memory at the most.
struct Ours {
    plan: f64,
    merge: f64,
    push: f64,
    /// The processors' time before the push, git's included.
    processors: f64,
    megabytes: u64,
}

impl fmt::Display for Ours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ours { plan, merge, push, processors, megabytes } = self;
        write!(
            f,
            "plan {plan:.3} s, merge {merge:.3} s ({processors:.2} s of processors), push {push:.3} s, {megabytes} MB"
        )
    }
}

/// The remote that every way starts from, and the fix.
struct Field {
    directory: TempDir,
    fix: String,
    file: String,
    branches: Vec<String>,
}

impl Field {
    fn prepare(directory: TempDir, repo: &Path, count: usize, file: Option<String>) -> Result<Field> {
        let origin = directory.path().join("origin.git");
        let url = format!("file://{}", repo.display());
        let path = origin.display().to_string();
        git(directory.path(), &["clone", "-q", "--bare", "--single-branch", "--no-tags", &url, &path])?;
        let listed = git(&origin, &["rev-list", "--first-parent", "--max-count=2000", "HEAD"])?;
        let commits: Vec<&str> = listed.lines().collect();
        let oldest = commits.last().ok_or("the repository has no commits")?;
        let file = file.map_or_else(|| busiest_file(&origin, oldest), Ok)?;

        let branches: Vec<String> = (0..count).map(|at| format!("feature/{at:05}")).collect();
        // A commit older than its parent would make git walk far for each branch.
        let now = git(&origin, &["log", "-1", "--format=%ct +0000"])?;
        let mut stream = String::new();
        for (at, branch) in branches.iter().enumerate() {
            let from = commits[at * commits.len() / count];
            write!(stream, "commit refs/heads/{branch}\ncommitter A <a@example.org> {now}\ndata 4\nwork")?;
            write!(stream, "\nfrom {from}\nM 100644 inline own-{at}.txt\ndata 3\nown\n\n")?;
        }
        let content = git(&origin, &["show", &format!("HEAD:{file}")])?;
        let changed = fixed(&content);
        write!(stream, "commit refs/heads/fix\nauthor B <b@example.org> {now}\n")?;
        write!(stream, "committer B <b@example.org> {now}\ndata 8\nFix it.\n\nfrom {}\n", commits[0])?;
        write!(stream, "M 100644 inline {file}\ndata {}\n{changed}\n\n", changed.len())?;
        feed(&origin, &["fast-import", "--quiet"], &stream)?;
        git(&origin, &["pack-refs", "--all"])?;
        let fix = git(&origin, &["rev-parse", "refs/heads/fix"])?;
        Ok(Field { directory, fix, file, branches })
    }

    /// A bare remote of its own for one way, and a clone of it.
    fn clone(&self, name: &str, checkout: bool) -> Result<PathBuf> {
        let remote = self.directory.path().join(format!("{name}.git"));
        let clone = self.directory.path().join(name);
        let [remote, clone] = [&remote, &clone].map(|path| path.display().to_string());
        git(self.directory.path(), &["clone", "-q", "--mirror", "origin.git", &remote])?;
        let options: &[&str] = if checkout { &[] } else { &["--no-checkout"] };
        git(self.directory.path(), &[&["clone", "-q", &remote, &clone], options].concat())?;
        Ok(clone.into())
    }

    fn ours(&self) -> Result<Ours> {
        let git =
            Git::at(self.clone("ours", false)?).with("GIT_COMMITTER_NAME", "C").with("GIT_COMMITTER_EMAIL", "c@c");
        let request = Request::new(&self.fix, ["feature/*"]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (started, busy) = (Instant::now(), processor_seconds());
            let plan = plan::plan(&git, &request).await?;
            let planned = started.elapsed().as_secs_f64();
            let merged = merge::merge(&git, &plan).await?;
            let done = started.elapsed().as_secs_f64();
            let processors = processor_seconds() - busy;
            let pushed = push::push(&git, &plan, &merged).await?;
            if pushed != push::Pushed::All {
                return Err(format!("not everything was pushed: {pushed:?}").into());
            }
            let push = started.elapsed().as_secs_f64() - done;
            Ok(Ours { plan: planned, merge: done - planned, push, processors, megabytes: peak_megabytes() })
        })
    }

    /// One `git merge-tree --stdin`, one `git fast-import`, one push; returns (merge, push).
    fn one_merge_tree(&self) -> Result<(f64, f64)> {
        let clone = self.clone("one", false)?;
        let started = Instant::now();
        git(&clone, &["fetch", "-q"])?;
        let format = "--format=%(objectname) %(refname:lstrip=3)";
        let listed = git(&clone, &["for-each-ref", format, "refs/remotes/origin/feature/"])?;
        let targets: Vec<(&str, &str)> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
        let fix = &self.fix;
        let input: String = targets.iter().map(|(old, _)| format!("{fix}^ -- {old} {fix}\n")).collect();
        let merged = feed(&clone, &["merge-tree", "--write-tree", "--stdin"], &input)?;
        let mut stream = String::new();
        let now = git(&clone, &["log", "-1", "--format=%ct +0000", fix])?;
        let mut kept = Vec::new();
        for ((old, branch), tree) in targets.iter().zip(clean_trees(&merged)) {
            let Some(tree) = tree else { continue };
            kept.push((*old, *branch));
            write!(stream, "commit refs/fixed/{branch}\nauthor B <b@example.org> {now}\n")?;
            write!(stream, "committer C <c@c> {now}\ndata 8\nFix it.\n\nfrom {old}\nM 040000 {tree} \n\n")?;
        }
        feed(&clone, &["fast-import", "--quiet"], &stream)?;
        let merge = started.elapsed().as_secs_f64();
        let mut args = vec!["push".to_owned(), "-q".to_owned(), "--atomic".to_owned()];
        args.extend(kept.iter().map(|(old, branch)| format!("--force-with-lease=refs/heads/{branch}:{old}")));
        args.push("origin".to_owned());
        args.extend(kept.iter().map(|(_, branch)| format!("refs/fixed/{branch}:refs/heads/{branch}")));
        git(&clone, &args.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok((merge, started.elapsed().as_secs_f64() - merge))
    }

    /// Checkout, pull, cherry-pick and push, branch by branch; returns the seconds.
    fn checkout_loop(&self, count: usize) -> Result<f64> {
        if count == 0 {
            return Ok(0.0);
        }
        let clone = self.clone("loop", true)?;
        let started = Instant::now();
        // Spread over all, since the cost of a checkout depends on how far apart the branches are.
        for at in 0..count {
            let branch = &self.branches[at * self.branches.len() / count];
            git(&clone, &["checkout", "-q", branch])?;
            git(&clone, &["pull", "-q", "--ff-only"])?;
            match git(&clone, &["cherry-pick", "-x", &self.fix]) {
                Ok(_) => git(&clone, &["push", "-q", "origin", branch])?,
                Err(_) => git(&clone, &["cherry-pick", "--abort"])?,
            };
        }
        Ok(started.elapsed().as_secs_f64())
    }

    /// Fails unless every way gave every branch the same tree.
    fn compare(&self, looped: usize) -> Result<()> {
        let trees = |name: &str| {
            let format = "--format=%(refname) %(tree)";
            git(&self.directory.path().join(format!("{name}.git")), &["for-each-ref", format, "refs/heads/feature/"])
        };
        let (ours, one) = (trees("ours")?, trees("one")?);
        if ours != one {
            return Err("the trees differ from those of git merge-tree".into());
        }
        if looped == self.branches.len() && ours != trees("loop")? {
            return Err("the trees differ from those of the loop".into());
        }
        println!("the trees are the same");
        Ok(())
    }
}

/// Returns the file that changed most often since `oldest` and was there all along.
fn busiest_file(repo: &Path, oldest: &str) -> Result<String> {
    let listed = git(repo, &["log", "--first-parent", "-m", "--name-only", "--format=", &format!("{oldest}..HEAD")])?;
    let there = git(repo, &["ls-tree", "-r", "--name-only", oldest])?;
    let there: std::collections::HashSet<&str> = there.lines().collect();
    let mut counts = std::collections::BTreeMap::new();
    for name in listed.lines().filter(|name| there.contains(name)) {
        *counts.entry(name).or_insert(0) += 1;
    }
    let busiest = counts.into_iter().max_by_key(|(_, count)| *count).ok_or("no file changed")?;
    Ok(busiest.0.to_owned())
}

/// The text with a word added to its first line.
fn fixed(text: &str) -> String {
    match text.split_once('\n') {
        Some((first, rest)) => format!("{first} fixed\n{rest}\n"),
        None => format!("{text} fixed\n"),
    }
}

/// The tree of each clean merge in what `merge-tree --stdin` prints, `None` for a conflict.
fn clean_trees(output: &str) -> Vec<Option<&str>> {
    let mut fields = output.split('\0');
    let mut trees = Vec::new();
    while let (Some(clean @ ("0" | "1")), Some(tree)) = (fields.next(), fields.next()) {
        trees.push((clean == "1").then_some(tree));
        let mut sections = if clean == "1" { 1 } else { 2 };
        while sections > 0 {
            let Some(field) = fields.next() else { return trees };
            sections -= i32::from(field.is_empty());
        }
    }
    trees
}

/// The most memory that this process ever had, without the git processes it started.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The time that processors spent on this process and the git processes that it waited for.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().skip(11).take(4);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn git(directory: &Path, args: &[&str]) -> Result<String> {
    feed(directory, args, "")
}

fn feed(directory: &Path, args: &[&str], input: &str) -> Result<String> {
    let mut child = Command::new("git")
        .current_dir(directory)
        .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"])
        .args(["-c", "user.name=C", "-c", "user.email=c@c", "-c", "advice.detachedHead=false"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output()
    })?;
    if !output.status.success() {
        let first = args.first().unwrap_or(&"");
        return Err(format!("git {first} failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
