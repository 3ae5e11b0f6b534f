//! `pnpm-lock.yaml` and `pnpm-workspace.yaml`.

use serde_json::Value as Json;

use super::entries::{Entries, Unreadable, Value};
use super::package::{add_object, plain};
use super::yaml;

/// Returns what pnpm has locked under `packages`.
pub fn lock(text: &str) -> Result<Entries, Unreadable> {
    let root = yaml::object(text)?;
    if !root.contains_key("lockfileVersion") {
        return Err(Unreadable("it has no `lockfileVersion`".to_owned()));
    }
    let mut entries = Entries::default();
    for (key, package) in root.get("packages").and_then(Json::as_object).into_iter().flatten() {
        let (name, version) = name_and_version(key);
        let resolution = |key: &str| package.get("resolution").and_then(|all| all.get(key)).map(plain);
        let source: Vec<_> = ["tarball", "repo", "commit", "directory"].into_iter().filter_map(resolution).collect();
        let checksum = resolution("integrity").unwrap_or_default();
        entries.add("", name, Value { version: version.to_owned(), source: source.join(" "), checksum });
    }
    Ok(entries)
}

/// `name@1.0.0(peer@2)`, before version 9 of the form `/name@1.0.0(peer@2)`, before 6 `/name/1.0.0_peer@2`.
fn name_and_version(key: &str) -> (&str, &str) {
    let whole = key.strip_prefix('/').unwrap_or(key);
    let whole = whole.split('(').next().unwrap_or(whole);
    let scope = whole.strip_prefix('@').and_then(|rest| rest.find('/')).map_or(0, |slash| slash + 2);
    let rest = &whole[scope..];
    match rest.find(['@', '/']) {
        Some(at) => {
            let version = &rest[at + 1..];
            (
                &whole[..scope + at],
                if rest.as_bytes()[at] == b'/' { version.split('_').next().unwrap_or(version) } else { version },
            )
        }
        None => (whole, ""),
    }
}

/// Returns what a workspace asks for on behalf of its packages.
pub fn workspace(text: &str) -> Result<Entries, Unreadable> {
    let root = yaml::object(text)?;
    let mut entries = Entries::default();
    for scope in ["catalog", "overrides", "patchedDependencies", "packageExtensions"] {
        add_object(&mut entries, scope, root.get(scope));
    }
    for (name, catalog) in root.get("catalogs").and_then(Json::as_object).into_iter().flatten() {
        add_object(&mut entries, &format!("catalogs.{name}"), Some(catalog));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    #[test]
    fn keys_of_all_versions() {
        for (key, name, version) in [
            ("a@1.0.0", "a", "1.0.0"),
            ("/@s/a@1.0.0(b@2.0.0)", "@s/a", "1.0.0"),
            ("/a/1.0.0_b@2.0.0", "a", "1.0.0"),
            ("/@s/a/1.0.0", "@s/a", "1.0.0"),
            ("odd", "odd", ""),
        ] {
            assert_eq!(name_and_version(key), (name, version));
        }
    }

    #[test]
    fn locked_packages() {
        let before = "lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: sha512-1}\n";
        let shown = |after: &str| -> Vec<String> {
            lock(before).unwrap().differences(&lock(after).unwrap()).iter().map(Difference::to_string).collect()
        };
        assert_eq!(shown(&before.replace("1.0.0", "1.0.1")), ["`a` 1.0.0 -> 1.0.1"]);
        assert_eq!(
            shown(&before.replace("-1}", "-2}")),
            ["`a` 1.0.0 with checksum sha512-1 -> 1.0.0 with checksum sha512-2"]
        );
        assert!(lock("a: 1").is_err());
    }
}
