//! One address for a repository, however a clone reaches it.

use std::path::Path;

/// Forges on which `Acme/Shop` and `acme/shop` are one repository.
const CASELESS: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

/// Returns `host/path` for the address of a remote: the same for ssh, https, git and, on the machine called
/// `here`, for a path. Who logs in, `.git` and a usual port make no difference.
///
/// A path is one below `directory` where it is relative.
pub fn normalise(url: &str, directory: &Path, here: &str) -> String {
    let url = url.trim();
    let Some((host, path)) = remote(url) else {
        let path = directory.join(url.strip_prefix("file://").unwrap_or(url));
        let path = path.canonicalize().unwrap_or(path);
        return joined(here, &path.to_string_lossy());
    };
    let host = if is_this_machine(&host, here) { here.to_owned() } else { host };
    let path = if CASELESS.contains(&host.as_str()) { path.to_lowercase() } else { path };
    joined(&host, &path)
}

/// The host in lower case and the path of an address over the network; `None` for a path here.
fn remote(url: &str) -> Option<(String, String)> {
    if let Some((scheme, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_lowercase();
        let host = without_port(&scheme.to_lowercase(), &authority);
        return (!scheme.eq_ignore_ascii_case("file")).then(|| (host, path.to_owned()));
    }
    // `user@host:path`, which a path with a colon behind its first slash is not.
    let (host, path) = url.split_once(':').filter(|(host, _)| !host.contains('/'))?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    (host.len() > 1).then(|| (host.to_lowercase(), path.to_owned()))
}

/// A server has its ssh on whichever port; two of http on one host are two servers.
fn without_port(scheme: &str, authority: &str) -> String {
    let port = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    match port {
        Some((host, port)) => match (scheme, port) {
            ("http" | "https", port) if !matches!(port, "80" | "443" | "") => authority.to_owned(),
            _ => host.to_owned(),
        },
        None => authority.to_owned(),
    }
}

fn is_this_machine(host: &str, here: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.eq_ignore_ascii_case(here)
}

fn joined(host: &str, path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = parts.join("/");
    let path = path.strip_suffix("/.git").or_else(|| path.strip_suffix(".git")).unwrap_or(&path);
    format!("{host}/{path}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::normalise;

    fn address(url: &str) -> String {
        normalise(url, Path::new("/work/shop"), "build-7")
    }

    #[test]
    fn clones_of_one_repository_have_one_address() {
        for (expected, urls) in [
            (
                "github.com/acme/shop",
                &[
                    "git@github.com:acme/shop.git",
                    "github.com:acme/shop",
                    "ssh://git@github.com/acme/shop.git",
                    "ssh://git@GitHub.com:22/acme/shop/",
                    "https://github.com/acme/shop",
                    "https://x-access-token:secret@github.com/Acme/Shop.git",
                    "git://github.com:9418/acme//shop.git",
                    "  https://github.com:443/acme/shop\n",
                ][..],
            ),
            (
                "build-7/srv/git/shop",
                &[
                    "/srv/git/shop.git",
                    "/srv/git/shop/.git",
                    "file:///srv/git/shop.git/",
                    "../../srv/git/shop.git",
                    "ssh://localhost/srv/git/shop.git",
                    "ssh://git@Build-7:2222/srv/git/shop.git",
                    "git@build-7:/srv/git/shop.git",
                    "https://127.0.0.1/srv/git/shop",
                    "https://[::1]/srv/git/shop",
                ],
            ),
        ] {
            for url in urls {
                let found =
                    address(url).replace("/work/shop/../../", "/").replace("build-7/work/shop/../..", "build-7");
                assert_eq!(found, expected, "{url}");
            }
        }
    }

    #[test]
    fn repositories_that_differ_have_addresses_that_differ() {
        let urls = [
            "https://git.example/acme/shop",
            "https://git.example/acme/Shop",
            "https://git.example:8443/acme/shop",
            "https://git.example/acme/shop2",
            "/srv/acme/shop",
            "/srv/acme:shop",
            "C:/acme/shop",
        ];
        let addresses: std::collections::BTreeSet<_> = urls.iter().map(|url| address(url)).collect();
        assert_eq!(addresses.len(), urls.len(), "{addresses:?}");
        assert!(!address("https://ada:secret@git.example/shop").contains("secret"));
    }
}
