//! Another machine: a host name and a PID namespace of its own, which all of its processes die with.

use std::process::{Child, Command, Stdio};

pub struct Machine {
    /// `unshare`, with whose end that of the namespace's first process comes.
    unshare: Child,
    /// The namespace's first process, as seen from here.
    init: u32,
}

impl Machine {
    /// A machine that runs; `None` where this user may not have one.
    pub fn start() -> Option<Machine> {
        let mut unshare = Command::new("unshare")
            .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "--"])
            .args(["sh", "-c", "hostname other && echo up && exec sleep 1000"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        let stdout = unshare.stdout.take().expect("it is piped");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).ok()?;
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        let init = std::fs::read_to_string(children).ok().and_then(|pids| pids.trim().parse().ok());
        match (line.as_str(), init) {
            ("up\n", Some(init)) => Some(Machine { unshare, init }),
            _ => {
                let _ = unshare.kill();
                let _ = unshare.wait();
                None
            }
        }
    }

    /// The same command on this machine.
    pub fn enter(&self, command: &Command) -> Command {
        let mut entered = Command::new("nsenter");
        entered.args(["--target", &self.init.to_string(), "--pid", "--mount", "--uts"]);
        // A mount namespace has a working directory of its own.
        entered.arg(format!("--wd={}", command.get_current_dir().expect("it has one").display())).arg("--");
        entered.arg(command.get_program()).args(command.get_args()).env_clear().stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            entered.env(name, value.unwrap_or_default());
        }
        entered
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
        // The kernel has killed all of the namespace when its first process is gone.
        while std::path::Path::new(&format!("/proc/{}", self.init)).exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
