//! Who holds which key, what counts when, and files that are wrong.

use std::path::Path;

use jiff::Timestamp;
use proptest::prelude::*;

use super::file::File;
use super::problem::problems;
use super::signature::check;
use super::{People, Person, Why, signers};

const ADA: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65tjkxFNOtKXCjFwd+6DJo";
const BOB: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIHUk0MCFQRuzFOJC8ayJXXlpXTKxBoUbsYL8Z7v7dMe";

fn at(day: &str) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap()
}

fn people(text: &str) -> People {
    People::of(&File::read(Path::new("people.toml"), text).unwrap(), &[], "origin/main at 1".to_owned())
}

fn person(name: &str, rest: &str) -> String {
    format!("[[person]]\nname = \"{name}\"\naddresses = [\"{name}@X\"]\nroles = [\"on-call\"]\n{rest}\n")
}

fn keys(keys: &str) -> String {
    format!("keys = [{keys}]")
}

fn fingerprint(people: &People, person: usize) -> String {
    people.all[person].keys[0].fingerprint.clone()
}

#[test]
fn a_key_is_of_one_person_at_a_time_it_is_valid() {
    let limited = format!("{{ key = \"{ADA}\", valid-after = 2026-01-01, valid-before = 2026-06-01T12:00:00Z }}");
    let found = people(&person("ada", &keys(&limited)));
    let key = fingerprint(&found, 0);
    let holder = |address: &str, day: &str| found.holder(&key, address, at(day)).map(|person| person.name.clone());
    assert_eq!(holder("ADA@x", "2026-03-01").as_deref(), Ok("ada"));
    assert!(matches!(holder("ada@x", "2025-12-31"), Err(Why::NotYet { .. })));
    assert!(matches!(holder("ada@x", "2026-06-02"), Err(Why::Expired { .. })));
    assert!(matches!(holder("bob@x", "2026-03-01"), Err(Why::NotTheirs { .. })));
    assert!(matches!(found.holder("SHA256:x", "ada@x", at("2026-03-01")), Err(Why::Stranger { .. })));
}

#[test]
fn what_two_people_have_is_nobodys() {
    let key = keys(&format!("\"{ADA}\""));
    let found = people(&(person("ada", &key) + &person("eve", &key)));
    let shared = found.holder(&fingerprint(&found, 0), "ada@x", at("2026-01-01"));
    assert!(matches!(shared, Err(Why::Shared { .. })), "{shared:?}");
    let found = people(&(person("ada", &key) + &person("ada", &keys(&format!("\"{BOB}\"")))));
    assert_eq!(found.by_address("ada@x"), None);
}

#[test]
fn allowed_signers_add_keys_to_the_addresses_that_are_there() {
    let file = File::read(Path::new("people.toml"), &person("ada", "")).unwrap();
    let listed = signers::read(&format!("ada@x,other@x {ADA}\nnobody@x {BOB}\n*@x {BOB}\n"));
    let found = People::of(&file, &listed, String::new());
    assert_eq!(found.all[0].keys.len(), 1);
    assert_eq!(found.strangers, ["nobody@x", "*@x"]);
}

#[test]
fn an_observer_and_somebody_without_a_role_decide_nothing() {
    for (roles, decides) in [("[]", false), ("[\"observer\"]", false), ("[\"observer\", \"on-call\"]", true)] {
        let text = format!("[[person]]\nname = \"a\"\naddresses = [\"a@x\"]\nroles = {roles}\n");
        assert_eq!(people(&text).all[0].decides(), decides, "{roles}");
    }
}

#[test]
fn what_makes_an_approval_impossible_is_found() {
    let both = vec![vec!["on-call".to_owned(), "tech-lead".to_owned()]];
    let found = people(&(person("ada", &keys(&format!("\"{ADA}\", \"nonsense\""))) + &person("bob", "")));
    let shown = problems(&found, &both, at("2026-01-01"));
    let shown: Vec<String> = shown.iter().map(|one| format!("{} {}", one.blocks, one.text)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    true ada: the key `nonsense` does not count: it is no public key of SSH: length invalid
    false bob: has roles, and no key that counts
    false ada alone can approve as `on-call`
    true nobody can approve as `tech-lead`
    ");
}

#[test]
fn mistakes_are_named_with_what_was_meant() {
    for (text, expected) in [
        ("[[persn]]\n", "there is no setting `persn`"),
        ("[[person]]\nname = \"a\"\naddresses = [\"a\"]\nrols = []\n", "there is no setting `person.0.rols`"),
        ("[[person]]\nname = \"a\"\naddresses = [\"a\"]\nkeys = [3]\n", "expected a key, or a table"),
        ("[[person]]\nname = \"a\"\naddresses = [\"a\"]\nkeys = [{ ky = \"\" }]\n", "ky"),
        ("[[person]]\nname = \" a\"\naddresses = [\"a\"]\n", "spaces around it"),
        ("[role.x]\ntuch = true\n", "there is no setting `role.x.tuch`"),
        ("allowed-signers = \"/etc/passwd\"\n", "a path in the repository"),
    ] {
        let error = File::read(Path::new("people.toml"), text).expect_err(text).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,300}") {
        let _ = File::read(Path::new("people.toml"), &text);
        let _ = signers::read(&text);
        let _ = check(&format!("-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"), b"");
    }

    #[test]
    fn no_bytes_make_a_reader_of_signatures_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let armoured = format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", base64(&bytes));
        prop_assert!(check(&armoured, b"").is_err());
    }
}

/// With the preamble and version of a signature, so that the rest is looked at.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut all = b"SSHSIG\0\0\0\x01".to_vec();
    all.extend(bytes);
    all.resize(all.len().next_multiple_of(3), 0);
    let digits = all.chunks(3).flat_map(|chunk| {
        let all = chunk.iter().fold(0_usize, |all, byte| all << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| DIGITS[all >> shift & 63] as char)
    });
    let digits: Vec<char> = digits.collect();
    digits.chunks(70).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_person_is_found_under_each_address() {
    let text = "[[person]]\nname = \"a\"\naddresses = [\"A@x\", \"a@y\"]\n";
    let found = people(text);
    let name = |address: &str| found.by_address(address).map(|person: &Person| person.name.as_str());
    assert_eq!((name("a@X"), name("a@y"), name("b@y")), (Some("a"), Some("a"), None));
}
