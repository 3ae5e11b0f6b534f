//! Keys in a device: what such a device signs, and whether it was touched. The devices are made here, as no test can
//! touch a real one; `ssh-keygen` is the judge of what they sign.

use std::fs;
use std::process::{Command, Stdio};

use hotfix::domain::actor::{Identity, Made};
use hotfix::domain::statement::Statement;
use hotfix::people::Why;
use hotfix::people::signature::{NAMESPACE, check};
use jiff::Timestamp;
use ring::digest::{SHA256, SHA512, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use crate::forgery::{append, held, root};
use crate::people::{LEA, OLU, Team, ok, person};

/// A device with one key.
enum Device {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl Device {
    fn ed25519() -> Device {
        let random = SystemRandom::new();
        let pair = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Device::Ed25519(Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap())
    }

    fn ecdsa() -> Device {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Device::Ecdsa(EcdsaKeyPair::from_pkcs8(kind, pair.as_ref(), &random).unwrap())
    }

    fn kind(&self) -> &'static str {
        match self {
            Device::Ed25519(_) => "sk-ssh-ed25519@openssh.com",
            Device::Ecdsa(_) => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    /// The public key's bytes (OpenSSH, PROTOCOL.u2f).
    fn public(&self) -> Vec<u8> {
        let kind = string(self.kind().as_bytes());
        let key = match self {
            Device::Ed25519(pair) => string(pair.public_key().as_ref()),
            Device::Ecdsa(pair) => [string(b"nistp256"), string(pair.public_key().as_ref())].concat(),
        };
        [kind, key, string(b"ssh:")].concat()
    }

    /// The public key as a line.
    fn line(&self) -> String {
        format!("{} {}", self.kind(), base64(&self.public()))
    }

    fn sign(&self, text: &str, flags: u8) -> String {
        let namespace = string(NAMESPACE.as_bytes());
        let hashed = [namespace.clone(), string(b""), string(b"sha512")].concat();
        let message = [b"SSHSIG".to_vec(), hashed, string(digest(&SHA512, text.as_bytes()).as_ref())].concat();
        let trailer = [flags, 0, 0, 0, 7];
        let application = digest(&SHA256, b"ssh:");
        let signed = [application.as_ref(), &trailer, digest(&SHA256, &message).as_ref()].concat();
        let signature = match self {
            Device::Ed25519(pair) => pair.sign(&signed).as_ref().to_vec(),
            Device::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), &signed).unwrap();
                let (r, s) = signature.as_ref().split_at(32);
                [number(r), number(s)].concat()
            }
        };
        let signature = [string(self.kind().as_bytes()), string(&signature), trailer.to_vec()].concat();
        let whole = [b"SSHSIG\0\0\0\x01".to_vec(), string(&self.public()), namespace, string(b""), string(b"sha512")];
        let whole = base64(&[whole.concat(), string(&signature)].concat());
        let lines: Vec<&str> = (0..whole.len()).step_by(70).map(|at| &whole[at..whole.len().min(at + 70)]).collect();
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
    }
}

/// A string of SSH: its length and its bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// A positive number of SSH: without zeros before it, but for one where it would be negative.
fn number(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let rest = &bytes[start..];
    let sign: &[u8] = if rest.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    string(&[sign, rest].concat())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all = chunk.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(all >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { digit as char } else { '=' });
        }
    }
    text
}

/// Whether ssh-keygen takes a signature for one of the text.
fn by_ssh_keygen(signature: &str, text: &str) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let (file, input) = (directory.path().join("signature"), directory.path().join("text"));
    fs::write(&file, signature).unwrap();
    fs::write(&input, text).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "check-novalidate", "-n", NAMESPACE, "-s"]).arg(&file).stdin(fs::File::open(input).unwrap());
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn a_devices_signature_is_judged_as_ssh_keygen_judges_it() {
    for device in [Device::ed25519(), Device::ecdsa()] {
        // Numbers with zeros before them come by chance.
        for round in 0..20 {
            let text = format!("text {round}");
            for (flags, touched) in [(1, true), (0, false), (5, true), (4, false)] {
                let signature = device.sign(&text, flags);
                assert!(by_ssh_keygen(&signature, &text), "{signature}");
                assert_eq!(check(&signature, text.as_bytes()).unwrap().touched, touched, "{flags}");
            }
            let signature = device.sign(&text, 1);
            assert!(!by_ssh_keygen(&signature, "another text"));
            assert_eq!(check(&signature, b"another text"), Err(Why::Forged));
        }
    }
}

#[test]
fn a_role_that_needs_a_touch_takes_a_touched_device() {
    let team = Team::in_review();
    let device = Device::ed25519();
    let lea = person("Lea", "lea@example.org", "tech-lead", &device.line());
    let olu = person("Olu", "olu@example.org", "on-call", &team.key("Olu"));
    team.people(&format!("{lea}{olu}[role.tech-lead]\ntouch = true\n"));
    ok(&team.approve(OLU, "Olu", "on-call"));
    let commit = team.env.git_in("work-001", &["rev-parse", "HEAD"]);
    let fact = format!(r#"{{"event":"approved","role":"tech-lead","commit":"{commit}"}}"#);
    let key = check(&device.sign("x", 1), b"x").unwrap().fingerprint;
    for (nonce, flags) in [("00", 0), ("01", 1)] {
        let made = Made { at: Timestamp::now(), nonce: nonce.to_owned() };
        let root = root(&team);
        let text = Statement { incident: "001", root: &root, by: LEA, made: &made, fact: &fact }.text();
        let proof = Identity::Signature { key: key.clone(), made, signature: device.sign(&text, flags) };
        append(&team, LEA, &proof.written(), &fact);
        match flags {
            0 => held(&team, "the role `tech-lead` needs a key in a device that was touched"),
            _ => ok(&team.env.hotfix(&["ship"])),
        }
    }
}
