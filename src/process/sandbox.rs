//! What a fix's own code runs in: the variables that it gets, and the walls around it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::walls::{Access, Walls};
use super::{Ending, Spec, is_on_path, run};

/// The [sandbox] part of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    pub enabled: bool,
    pub network: bool,
    /// Paths; `~` is the home directory.
    pub writable: Vec<String>,
    /// Names, or their beginnings with a `*` behind them.
    pub environment: Vec<String>,
    /// Paths, or their beginnings with a `*` behind them.
    pub hidden: Vec<String>,
}

/// What holds a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// The variables that are passed on, as [`Sandbox::environment`] names them.
    environment: Vec<String>,
    /// `None` where there can be none.
    pub walls: Option<Walls>,
}

/// What holds the commands of one check.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// `None` where the configuration wants none.
    pub confinement: Option<Confinement>,
    /// Why that is not all that it should be.
    pub off: Option<String>,
}

/// The variables that programs need to find each other, their files and the network.
const ENVIRONMENT: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TMPDIR",
    "TERM",
    "NO_COLOR",
    "CI",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "LD_LIBRARY_PATH",
    "PKG_CONFIG_*",
    "LOCALE_ARCHIVE",
    "NIX_*",
    "CC",
    "CXX",
    "AR",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    // Rust, Go, Java.
    "CARGO",
    "CARGO_*",
    "RUST*",
    "GOPATH",
    "GOROOT",
    "GOCACHE",
    "GOMODCACHE",
    "GOENV",
    "GOFLAGS",
    "GOPROXY",
    "GOSUMDB",
    "GONOSUMDB",
    "GONOPROXY",
    "GOPRIVATE",
    "GOTOOLCHAIN",
    "GOTMPDIR",
    "GOOS",
    "GOARCH",
    "CGO_*",
    "JAVA_*",
    "JDK_*",
    "_JAVA_OPTIONS",
    "M2_HOME",
    "MAVEN_*",
    "GRADLE_*",
    "SDKMAN_DIR",
    // Python, JavaScript, Ruby, PHP, .NET.
    "PYTHON*",
    "VIRTUAL_ENV",
    "CONDA_*",
    "PYENV_*",
    "PIP_CACHE_DIR",
    "PIP_CERT",
    "UV_CACHE_DIR",
    "POETRY_HOME",
    "NODE_*",
    "NVM_*",
    "VOLTA_HOME",
    "FNM_*",
    "COREPACK_HOME",
    "PNPM_HOME",
    "npm_config_cache",
    "npm_config_prefix",
    "npm_config_registry",
    "npm_config_cafile",
    "YARN_CACHE_FOLDER",
    "GEM_HOME",
    "GEM_PATH",
    "BUNDLE_PATH",
    "BUNDLE_GEMFILE",
    "RBENV_*",
    "COMPOSER_HOME",
    "COMPOSER_CACHE_DIR",
    "DOTNET_*",
    "NUGET_PACKAGES",
    "ASDF_*",
    "MISE_*",
    // The network, and whom it trusts.
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    // Where git's configuration is.
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
];

/// Parts of names that are passed on only if they are named as a whole.
const SECRET: &[&str] = &["TOKEN", "SECRET", "PASSW", "CREDENTIAL", "AUTH", "_KEY"];

/// Variables whose value is a socket, or a directory with sockets: who can connect to one acts as its person.
const SOCKETS: &[&str] = &["SSH_AUTH_SOCK", "DOCKER_HOST", "CONTAINER_HOST", "XDG_RUNTIME_DIR", "TMUX"];

/// Where every program may write.
const SYSTEM: &[&str] = &[
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];

/// Where package managers keep what they load: a program, the variable that moves its directory, the directory
/// otherwise, and what is written in it. It is made where the program is there and it is not.
const CACHES: &[(&str, &str, &str, &[&str])] = &[
    ("", "XDG_CACHE_HOME", "~/.cache", &[""]),
    ("cargo", "CARGO_HOME", "~/.cargo", &["registry", "git"]),
    ("go", "GOPATH", "~/go", &["pkg"]),
    ("go", "GOCACHE", "~/.cache/go-build", &[""]),
    ("go", "GOMODCACHE", "~/go/pkg/mod", &[""]),
    ("mvn", "", "~/.m2", &["repository", "wrapper"]),
    ("gradle", "GRADLE_USER_HOME", "~/.gradle", &["caches", "wrapper", "daemon", "native", "notifications", ".tmp"]),
    ("npm", "npm_config_cache", "~/.npm", &[""]),
    ("pnpm", "", "~/.local/share/pnpm", &["store"]),
    ("dotnet", "NUGET_PACKAGES", "~/.nuget/packages", &[""]),
];

/// Files beside them, which exist or are not needed.
const CACHE_FILES: &[&str] = &["~/.cargo/.package-cache", "~/.cargo/.package-cache-mutate", "~/.cargo/.global-cache"];

impl Sandbox {
    /// Returns what holds the commands of a fix, after a look at what this machine allows. `inner` are the places that
    /// matter besides what the settings name.
    pub async fn held(&self, inner: &[(PathBuf, Access)]) -> Held {
        if !self.enabled {
            return Held { confinement: None, off: Some("switched off in the configuration".to_owned()) };
        }
        let environment = ENVIRONMENT.iter().map(|name| (*name).to_owned()).chain(self.environment.clone()).collect();
        let places = [self.outer(), inner.to_vec()].concat();
        let walls = |namespaces| Walls { places: places.clone(), network: self.network, namespaces };
        let held = |walls| Confinement { environment, walls };
        let Err(first) = tried(walls(true)).await else {
            return Held { confinement: Some(held(Some(walls(true)))), off: None };
        };
        let Err(second) = tried(walls(false)).await else {
            let off = format!("sockets of agents can be reached, as there is no namespace for mounts: {first}");
            return Held { confinement: Some(held(Some(walls(false)))), off: Some(off) };
        };
        Held { confinement: Some(held(None)), off: Some(second) }
    }

    /// The places outside of the repository.
    fn outer(&self) -> Vec<(PathBuf, Access)> {
        let home = at_home("~").map(|home| (home, Access::Read));
        let written = SYSTEM.iter().map(PathBuf::from).chain([std::env::temp_dir()]).chain(caches());
        let hidden = self.hidden.iter().flat_map(|path| matching(path)).chain(sockets());
        let named = self.writable.iter().filter_map(|path| at_home(path));
        let own = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| at_home("~/.cache"));
        let own = own.map(|cache| cache.join("hotfix"));
        let of = |access: Access| move |path: PathBuf| (path, access);
        let places = written.map(of(Access::Write)).chain(home).chain(hidden.map(of(Access::Hidden)));
        places.chain(own.map(of(Access::Read))).chain(named.map(of(Access::Write))).collect()
    }
}

impl Confinement {
    /// The same with these directories, where the command works.
    pub fn writing<'a>(&self, paths: impl IntoIterator<Item = &'a Path>) -> Confinement {
        self.with(paths.into_iter().map(|path| (path.to_owned(), Access::Write)))
    }

    /// The same with these places, which count more than those so far.
    pub fn with(&self, places: impl IntoIterator<Item = (PathBuf, Access)>) -> Confinement {
        let mut with = self.clone();
        if let Some(walls) = &mut with.walls {
            walls.places.extend(places);
        }
        with
    }

    /// What may make a difference to the code that it holds.
    pub fn words(&self) -> String {
        let walls = self.walls.as_ref().map(|walls| (walls.network, walls.namespaces));
        format!("{walls:?} {}", self.environment.join(" "))
    }

    /// Whether a variable of this name is passed on.
    pub fn passes(&self, name: &str) -> bool {
        let is_secret = SECRET.iter().any(|part| name.to_uppercase().contains(part));
        self.environment.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start) && !is_secret,
            None => name == pattern,
        })
    }
}

/// Fails, in words, where a command can't be started behind these walls.
async fn tried(walls: Walls) -> Result<(), String> {
    let confinement = Some(Confinement { environment: vec!["PATH".to_owned()], walls: Some(walls) });
    let (arguments, directory) = (vec!["true".to_owned()], PathBuf::from("/"));
    let spec = Spec { arguments, directory, environment: Vec::new(), limit: Duration::from_secs(10), confinement };
    let ended = run(spec).await;
    match ended.ending {
        Ending::Exit(0) => Ok(()),
        Ending::NotStarted(reason) => Err(reason),
        _ => Err(ended.words()),
    }
}

fn at_home(path: &str) -> Option<PathBuf> {
    let Some(rest) = path.strip_prefix('~') else { return Some(PathBuf::from(path)) };
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())?;
    Some(home.join(rest.trim_start_matches('/')))
}

/// The paths that a pattern stands for: itself, or what is there with that beginning.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let Some(start) = pattern.strip_suffix('*') else { return at_home(pattern).into_iter().collect() };
    let Some(start) = at_home(start) else { return Vec::new() };
    let (Some(folder), Some(name)) = (start.parent(), start.file_name()) else { return Vec::new() };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = |entry: &std::fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(name.as_encoded_bytes());
    entries.filter(named).map(|entry| entry.path()).collect()
}

/// The sockets that this process would use.
fn sockets() -> impl Iterator<Item = PathBuf> {
    let values = SOCKETS.iter().filter_map(|name| std::env::var(name).ok());
    // tmux puts numbers behind it, separated by commas; docker a scheme in front.
    let paths =
        values.map(|value| value.split(',').next().unwrap_or_default().trim_start_matches("unix://").to_owned());
    // A directory with everything in it is no place for sockets.
    let needed = [Some(std::env::temp_dir()), at_home("~")];
    let is_apart = move |path: &PathBuf| !needed.iter().flatten().any(|needed| needed.starts_with(path));
    paths.map(PathBuf::from).filter(|path| path.is_absolute()).filter(is_apart)
}

fn caches() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (program, variable, otherwise, parts) in CACHES {
        let moved = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let Some(directory) = moved.or_else(|| at_home(otherwise)) else { continue };
        for part in *parts {
            let path = if part.is_empty() { directory.clone() } else { directory.join(part) };
            if !path.exists() && !program.is_empty() && is_on_path(program) {
                // Where that fails the program can't use it either, and says so.
                let _ = std::fs::create_dir_all(&path);
            }
            found.push(path);
        }
    }
    let files = CACHE_FILES.iter().filter_map(|path| at_home(path));
    found.extend(files);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_passed_only_by_its_whole_name() {
        let environment = ["CARGO_*", "PATH", "APP_TOKEN", "LC_*"].map(str::to_owned).to_vec();
        let confinement = Confinement { environment, walls: None };
        for (name, passes) in [
            ("PATH", true),
            ("PATHS", false),
            ("LC_ALL", true),
            ("CARGO_HOME", true),
            ("CARGO_REGISTRY_TOKEN", false),
            ("CARGO_REGISTRIES_X_CREDENTIAL_PROVIDER", false),
            ("APP_TOKEN", true),
            ("SSH_AUTH_SOCK", false),
            ("HOTFIX_STORE", false),
        ] {
            assert_eq!(confinement.passes(name), passes, "{name}");
        }
    }

    #[test]
    fn a_path_may_end_in_a_star() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["ssh-a", "ssh-b", "other"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        let mut found = matching(&directory.path().join("ssh-*").to_string_lossy());
        found.sort();
        assert_eq!(found, [directory.path().join("ssh-a"), directory.path().join("ssh-b")]);
        assert_eq!(matching("/no/such/*"), Vec::<PathBuf>::new());
        assert_eq!(matching("/no/such"), [PathBuf::from("/no/such")]);
    }
}
