//! The keys of people, by their fingerprints.

use std::fmt;

use jiff::Timestamp;
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey};

/// How many bytes a key's text may have: an RSA key of 16,384 bits has fewer.
const LARGEST: usize = 4096;

/// A key that a person signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `SHA256:...` as ssh-keygen shows it, or `gpg:` and forty hexadecimal digits.
    pub fingerprint: String,
    /// As the file of people has it: `ssh-ed25519 AAAA...`, or `gpg:...`.
    pub text: String,
    pub kind: Kind,
    pub valid: Validity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Ssh(KeyData),
    /// A primary key of OpenPGP.
    Gpg,
}

/// When a key counts: from `after` until before `before`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

impl Validity {
    pub fn is_over(self, at: Timestamp) -> bool {
        self.before.is_some_and(|before| at >= before)
    }

    pub fn is_to_come(self, at: Timestamp) -> bool {
        self.after.is_some_and(|after| at < after)
    }
}

impl Key {
    /// Reads a key; the error says in words why it is none that can prove anything.
    pub fn read(text: &str, valid: Validity) -> Result<Key, String> {
        let text = text.trim();
        if text.len() > LARGEST {
            return Err(format!("it is longer than {LARGEST} bytes"));
        }
        if let Some(digits) = text.strip_prefix("gpg:") {
            let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
            if digits.len() != 40 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
                return Err("a GPG key is named by all forty digits of its fingerprint".to_owned());
            }
            let fingerprint = format!("gpg:{}", digits.to_ascii_uppercase());
            return Ok(Key { text: fingerprint.clone(), fingerprint, kind: Kind::Gpg, valid });
        }
        let key = PublicKey::from_openssh(text).map_err(|error| format!("it is no public key of SSH: {error}"))?;
        let data = key.key_data().clone();
        if !is_known(&data) {
            return Err(format!("signatures of {} keys are not checked", data.algorithm()));
        }
        let fingerprint = fingerprint(&data);
        let mut words = text.split_whitespace();
        let text = [words.next(), words.next()].map(Option::unwrap_or_default).join(" ");
        Ok(Key { fingerprint, text, kind: Kind::Ssh(data), valid })
    }

    /// `ed25519`, `ecdsa-p256`, `rsa`, `sk-ed25519` and so on, or `gpg`.
    pub fn kind(&self) -> &'static str {
        match &self.kind {
            Kind::Gpg => "gpg",
            Kind::Ssh(KeyData::Ed25519(_)) => "ed25519",
            Kind::Ssh(KeyData::Rsa(_)) => "rsa",
            Kind::Ssh(KeyData::SkEd25519(_)) => "sk-ed25519",
            Kind::Ssh(KeyData::SkEcdsaSha2NistP256(_)) => "sk-ecdsa-p256",
            Kind::Ssh(KeyData::Ecdsa(key)) if key.algorithm().as_str().ends_with("256") => "ecdsa-p256",
            Kind::Ssh(_) => "ecdsa-p384",
        }
    }

    /// Whether it is in a device that can ask for a touch.
    pub fn is_in_a_device(&self) -> bool {
        matches!(self.kind, Kind::Ssh(KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_)))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint)
    }
}

/// `SHA256:` and the digest of the key in base64, as ssh-keygen shows it.
pub fn fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Whether signatures of such keys can be checked.
fn is_known(key: &KeyData) -> bool {
    match key {
        KeyData::Ecdsa(key) => !key.algorithm().as_str().ends_with("521"),
        KeyData::Ed25519(_) | KeyData::Rsa(_) | KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => true,
        _ => false,
    }
}
