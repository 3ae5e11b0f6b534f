//! Commands that change production: they continue when hotfix dies, and how they ended is not lost.
//!
//! hotfix starts itself once more as a supervisor (`hotfix supervise DIRECTORY`) in a session that
//! neither Ctrl-C nor the death of the parent reaches. The supervisor holds a lock, handed to it as
//! its standard input, for as long as it lives; a later hotfix that finds the lock held waits, and
//! then reads the result.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Ended, Ending, Spec, TAIL, Tail, command, ending, kill_group, starting, this_program};
use crate::crash::{self, Point};

/// A command that prints more than this, in bytes, has its output so far thrown away.
const MOST: u64 = 16 * 1024 * 1024;

/// Where one command's lock, output and result are.
#[derive(Clone, Debug)]
pub struct Supervised {
    directory: PathBuf,
}

impl Supervised {
    pub fn at(directory: PathBuf) -> Supervised {
        Supervised { directory }
    }

    /// Starts the command and returns its end. `step` names it to [`crash`].
    ///
    /// Fails where the directory can't be written or the supervisor can't be started.
    pub async fn run(&self, spec: &Spec, step: &str) -> io::Result<Ended> {
        fs::create_dir_all(&self.directory)?;
        let lock = self.lock().await?;
        let _ = fs::remove_file(self.result());
        fs::write(self.directory.join("spec.json"), serde_json::to_vec(spec)?)?;
        let mut supervisor = this_program()?;
        supervisor
            .arg("supervise")
            .arg(&self.directory)
            .stdin(Stdio::from(lock))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let mut child = tokio::process::Command::from(supervisor).spawn()?;
        crash::point(Point::Within(step));
        child.wait().await?;
        self.read_result()?.ok_or_else(|| io::Error::other("its supervisor was killed"))
    }

    /// Waits while a command that an earlier hotfix started still runs, and returns how it ended;
    /// `None` where none was started, or its supervisor was killed.
    pub async fn settled(&self) -> io::Result<Option<Ended>> {
        if !self.directory.is_dir() {
            return Ok(None);
        }
        drop(self.lock().await?);
        self.read_result()
    }

    async fn lock(&self) -> io::Result<File> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(self.directory.join("lock"))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn result(&self) -> PathBuf {
        self.directory.join("result.json")
    }

    fn read_result(&self) -> io::Result<Option<Ended>> {
        match fs::read(self.result()) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What the supervisor does: runs the command in `directory`'s spec to its end and writes the
/// result. Processes that the command leaves running stay: they may be the service itself.
pub fn supervise(directory: &Path) -> io::Result<()> {
    let spec: Spec = serde_json::from_slice(&fs::read(directory.join("spec.json"))?)?;
    // Appended to, so that it can be cut while the command writes.
    let path = directory.join("output");
    let _ = fs::remove_file(&path);
    let mut output = OpenOptions::new().create(true).append(true).read(true).open(&path)?;
    let start = Instant::now();
    let ending = match command(&spec).stdout(output.try_clone()?).stderr(output.try_clone()?).spawn() {
        Err(error) => Ending::NotStarted(starting(&spec, &error)),
        Ok(mut child) => loop {
            if let Some(status) = child.try_wait()? {
                break ending(status);
            }
            if start.elapsed() > spec.limit {
                kill_group(Some(child.id()));
                child.wait()?;
                break Ending::TimedOut(spec.limit);
            }
            if output.metadata()?.len() > MOST {
                output.set_len(0)?;
            }
            std::thread::sleep(Duration::from_millis(10));
        },
    };
    let length = output.metadata()?.len();
    output.seek(SeekFrom::Start(length.saturating_sub(TAIL as u64)))?;
    let mut bytes = Vec::new();
    output.take(TAIL as u64).read_to_end(&mut bytes)?;
    let mut tail = Tail::default();
    tail.push(&bytes);
    let ended = Ended { ending, output: tail.text(), seconds: start.elapsed().as_secs_f64() };
    let temporary = directory.join("result.json.new");
    fs::write(&temporary, serde_json::to_vec(&ended)?)?;
    fs::rename(temporary, directory.join("result.json"))
}
