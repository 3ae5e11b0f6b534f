//! Gates for a repository that configures none: what its ecosystem checks types and style with, if
//! that is installed.

use std::path::Path;
use std::time::Duration;

use super::Gate;
use crate::process::{self, installed};
use crate::value::{CommandLine, Length, Pattern};

/// A gate that is run where a file exists and a program is installed.
struct Known {
    file: &'static str,
    program: &'static str,
    name: &'static str,
    arguments: &'static [&'static str],
    paths: &'static [&'static str],
    append: bool,
}

const KNOWN: &[Known] = &[
    Known {
        file: "Cargo.toml",
        program: "cargo",
        name: "cargo-check",
        arguments: &["check", "--workspace", "--all-targets", "--quiet"],
        paths: &["**/*.rs", "**/Cargo.*"],
        append: false,
    },
    Known {
        file: "go.mod",
        program: "go",
        name: "go-vet",
        arguments: &["vet", "./..."],
        paths: &["**/*.go", "go.*"],
        append: false,
    },
    Known {
        file: "tsconfig.json",
        program: "tsc",
        name: "tsc",
        arguments: &["--noEmit"],
        paths: &["**/*.ts", "**/*.tsx"],
        append: false,
    },
    Known { file: "mypy.ini", program: "mypy", name: "mypy", arguments: &[], paths: &["**/*.py"], append: true },
    Known { file: "", program: "ruff", name: "ruff", arguments: &["check"], paths: &["**/*.py"], append: true },
    Known {
        file: "package.json",
        program: "eslint",
        name: "eslint",
        arguments: &[],
        paths: &["**/*.js", "**/*.jsx", "**/*.ts", "**/*.tsx"],
        append: true,
    },
];

/// How long each of them may take.
const LIMIT: Duration = Duration::from_secs(600);

/// Returns the gates that a project can be held to without being configured.
pub fn gates(directory: &Path) -> Vec<Gate> {
    KNOWN.iter().filter_map(|known| known.gate(directory)).collect()
}

impl Known {
    /// The gate, where the project has the file and the program is installed.
    fn gate(&self, directory: &Path) -> Option<Gate> {
        let own = installed::own(directory, directory, self.program).map(|path| path.display().to_string());
        let program = own.or_else(|| process::is_on_path(self.program).then(|| self.program.to_owned()))?;
        let arguments = self.arguments.iter().map(|word| (*word).to_owned());
        directory.join(self.file).exists().then(|| Gate {
            name: self.name.to_owned(),
            command: CommandLine::Arguments(std::iter::once(program).chain(arguments).collect()),
            limit: Length(LIMIT),
            paths: self.paths.iter().filter_map(|path| Pattern::new(path).ok()).collect(),
            append: self.append,
        })
    }
}
