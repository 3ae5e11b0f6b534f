//! Who is killed, and who lives.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A variable in the environment of all processes of a round.
pub const MARK: &str = "CHAOS_ROUND";

/// What dies, always by SIGKILL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// hotfix, and nothing else.
    Hotfix,
    /// hotfix and all that is in its process group, as with a terminal that goes away.
    Group,
    /// The supervisors between hotfix and the commands that it runs.
    Supervisor,
    /// hotfix and its supervisors; a deploy command runs on.
    Both,
    /// All processes of a PID namespace.
    Machine,
}

impl Victim {
    pub fn random(random: &mut fastrand::Rng) -> Victim {
        use Victim::{Both, Group, Hotfix, Machine, Supervisor};
        [Hotfix, Group, Supervisor, Both, Machine][random.usize(..5)]
    }

    /// Kills the processes of `child` that are meant. A machine that is not one of its own lives.
    pub fn kill(self, child: &Child, mark: &str) {
        let group = Pid::from_child(child);
        match self {
            Victim::Group => drop(kill_process_group(group, Signal::KILL)),
            Victim::Supervisor => kill_all(mark, is_supervisor),
            Victim::Both => {
                kill_all(mark, |line| is_hotfix(line) && !is_supervisor(line));
                kill_all(mark, is_supervisor);
            }
            Victim::Hotfix | Victim::Machine => kill_all(mark, |line| is_hotfix(line) && !is_supervisor(line)),
        }
    }
}

/// The command in a process group of its own.
pub fn alone(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// The command lines of the processes of a round that still run, after some time to end.
pub fn alive(mark: &str) -> Vec<String> {
    let start = Instant::now();
    loop {
        let alive = marked(mark);
        if alive.is_empty() || start.elapsed() > Duration::from_secs(5) {
            return alive.into_iter().map(|(pid, line)| format!("process {pid}: {line}")).collect();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_supervisor(line: &str) -> bool {
    line.contains(" supervise")
}

fn is_hotfix(line: &str) -> bool {
    line.split(' ').next().is_some_and(|program| program.ends_with("/hotfix"))
}

fn kill_all(mark: &str, is_meant: impl Fn(&str) -> bool) {
    for (pid, _) in marked(mark).into_iter().filter(|(_, line)| is_meant(line)) {
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The processes that have `mark` in their environment and are no zombies.
fn marked(mark: &str) -> Vec<(i32, String)> {
    let variable = format!("{MARK}={mark}");
    let processes = std::fs::read_dir("/proc").expect("there is /proc").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).ok();
        let environment = read("environ")?;
        let is_marked = environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes());
        let line = String::from_utf8_lossy(&read("cmdline")?).replace('\0', " ");
        (is_marked && !line.is_empty()).then_some((pid, line))
    })
    .collect()
}
