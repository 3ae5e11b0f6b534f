//! Why a sandbox can't be built.

use std::io;

use crate::git::GitError;

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("`{0}` is not empty")]
    NotEmpty(String),
    #[error("the service can't be compiled: `{compiler}` {ended}")]
    NoCompiler { compiler: String, ended: String },
    #[error("no port from 20000 to 29999 is free on 127.0.0.1")]
    NoPort,
    #[error("demo/history.toml: {0}")]
    History(String),
    #[error("the sandbox's production did not start:\n{0}")]
    NotStarted(String),
    #[error("the sandbox can't be written: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Git(#[from] GitError),
}
