//! Which process it is, and on which machine: that it has ended is only said where that can be known.

use std::fs;

use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// A process as every machine can name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub host: String,
    /// Changes when the machine starts; empty where the system has none.
    pub boot: String,
    /// Which processes it can see; empty where the system has none.
    pub namespace: String,
    pub id: i32,
    /// When it started, in the system's ticks; 0 where that is not known.
    pub start: u64,
}

/// What can be known of another process from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Alive,
    Dead,
    /// It is of another machine, or of another namespace of processes.
    Unknown,
}

/// How a process relates to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Each would see the other.
    Here,
    /// It ran before a machine of this name was started again.
    BeforeBoot,
    Elsewhere,
}

impl Process {
    /// This process.
    pub fn own() -> Process {
        Process::of(std::process::id().cast_signed())
    }

    /// A process of this machine that this one sees.
    pub fn of(id: i32) -> Process {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
        // In a namespace whose /proc is another one's, this can't be read, and nobody is judged.
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default().display().to_string();
        Process { host, boot, namespace, id, start: stat(id).map_or(0, |stat| stat.start) }
    }

    /// Whether it still runs, as far as that can be known from `here`.
    pub fn life(&self, here: &Process) -> Life {
        match self.reach(here) {
            Reach::Here if is_alive(self.id, self.start) => Life::Alive,
            Reach::Here => Life::Dead,
            Reach::BeforeBoot | Reach::Elsewhere => Life::Unknown,
        }
    }

    /// How this process relates to `here`.
    pub fn reach(&self, here: &Process) -> Reach {
        let is_told_apart = self.boot.is_empty() || !self.namespace.is_empty();
        if (&self.host, &self.boot, &self.namespace) == (&here.host, &here.boot, &here.namespace) && is_told_apart {
            return Reach::Here;
        }
        let is_later = !self.boot.is_empty() && !here.boot.is_empty() && self.boot != here.boot;
        if self.host == here.host && is_later { Reach::BeforeBoot } else { Reach::Elsewhere }
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, process {}", self.host, self.id)
    }
}

struct Stat {
    start: u64,
    has_ended: bool,
}

/// What proc(5) says of a process; `None` where it says nothing.
fn stat(id: i32) -> Option<Stat> {
    parsed(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// The program's name is in brackets and may have brackets and spaces in it, so fields count from its end.
fn parsed(text: &str) -> Option<Stat> {
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let has_ended = matches!(fields.next()?, "Z" | "X");
    Some(Stat { start: fields.nth(18)?.parse().ok()?, has_ended })
}

fn is_alive(id: i32, start: u64) -> bool {
    let Some(pid) = Pid::from_raw(id) else { return false };
    if matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)) {
        return false;
    }
    // Where it can't be looked at, somebody has the number, maybe this one.
    stat(id).is_none_or(|stat| !stat.has_ended && (start == 0 || stat.start == start))
}

#[cfg(test)]
mod tests {
    use super::{Life, Process, Reach, parsed};

    #[test]
    fn only_who_would_be_seen_is_judged() {
        let here = Process { host: "a".into(), boot: "1".into(), namespace: "n".into(), id: 1, start: 5 };
        let with = |host: &str, boot: &str, namespace: &str| Process {
            host: host.into(),
            boot: boot.into(),
            namespace: namespace.into(),
            ..here.clone()
        };
        for (host, boot, namespace, reach) in [
            ("a", "1", "n", Reach::Here),
            ("a", "1", "other", Reach::Elsewhere),
            ("b", "1", "n", Reach::Elsewhere),
            ("a", "2", "n", Reach::BeforeBoot),
            ("a", "2", "other", Reach::BeforeBoot),
            ("b", "2", "n", Reach::Elsewhere),
            ("a", "", "", Reach::Elsewhere),
        ] {
            assert_eq!(with(host, boot, namespace).reach(&here), reach, "{host} {boot} {namespace}");
        }
        // Without a namespace nobody is seen for sure; without boots there are no namespaces either.
        let blind = with("a", "1", "");
        assert_eq!(blind.reach(&blind), Reach::Elsewhere);
        let elsewhere = with("a", "", "");
        assert_eq!(elsewhere.reach(&elsewhere), Reach::Here);
    }

    #[test]
    fn a_process_lives_until_it_ends_and_its_number_is_not_it() {
        let own = Process::own();
        assert_eq!(own.life(&own), Life::Alive);
        let other = Process { start: own.start + 1, ..own.clone() };
        assert_eq!(other.life(&own), Life::Dead);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let ended = Process::of(child.id().cast_signed());
        // Waited for only now: until then it is a zombie, which has ended too.
        while ended.life(&own) == Life::Alive {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(ended.life(&own), Life::Dead);
    }

    #[test]
    fn a_name_with_brackets_moves_no_field() {
        let line = |name: &str, state: &str| {
            format!("7 ({name}) {state} 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0")
        };
        for (name, state, has_ended) in [("sh", "S", false), ("a) Z 1 (b", "R", false), ("sh", "Z", true)] {
            let stat = parsed(&line(name, state)).unwrap();
            assert_eq!((stat.start, stat.has_ended), (4242, has_ended), "{name} {state}");
        }
        assert!(parsed("").is_none());
    }
}
