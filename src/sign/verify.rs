//! Checking what somebody signed, by the people of a file alone: no keyring and no agent of this machine is asked.

use std::time::Duration;

use jiff::Timestamp;

use super::program;
use crate::domain::actor::{Actor, Identity};
use crate::domain::event::Event;
use crate::domain::statement::{self, Statement};
use crate::people::key::Kind;
use crate::people::signature::{self, Signed};
use crate::people::{People, Verified, Why};
use crate::private;

/// How long gpg may take to check one signature.
const LIMIT: Duration = Duration::from_secs(10);

/// Who signs by these people, and the program that checks signatures of GPG.
#[derive(Clone, Debug)]
pub struct Verifier {
    pub people: People,
    pub gpg: String,
}

/// What somebody said, and their signature.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The [statement's](Statement::text).
    pub text: &'a str,
    pub by: &'a Actor,
    /// The fingerprint that the signature is said to be of.
    pub key: &'a str,
    pub signature: &'a str,
}

impl Verifier {
    /// Returns who signed; they have the actor's address, and their key counts at the time `at`.
    pub async fn verify(&self, said: Said<'_>, at: Timestamp) -> Result<Verified, Why> {
        let signed = if is_of_gpg(said.signature) {
            self.by_gpg(said, at).await?
        } else {
            signature::check(said.signature, said.text.as_bytes())?
        };
        if signed.fingerprint != said.key {
            return Err(Why::Forged);
        }
        let person = self.people.holder(&signed.fingerprint, &said.by.key(), at)?;
        Ok(Verified { person: person.name.clone(), key: signed.fingerprint, touched: signed.touched })
    }

    /// Returns who signed a text just now, whose key nobody has named yet.
    pub async fn verify_new(
        &self,
        (text, signature): (&str, &str),
        by: &Actor,
        at: Timestamp,
    ) -> Result<Verified, Why> {
        if !is_of_gpg(signature) {
            let key = signature::check(signature, text.as_bytes())?.fingerprint;
            return self.verify(Said { text, by, key: &key, signature }, at).await;
        }
        let person = self.people.by_address(&by.key());
        let keys = person.iter().flat_map(|person| &person.keys).filter(|key| key.kind == Kind::Gpg);
        let mut why = Why::Stranger { key: "gpg".to_owned(), from: self.people.from.clone() };
        for key in keys {
            match self.verify(Said { text, by, key: &key.fingerprint, signature }, at).await {
                Err(other) => why = other,
                verified => return verified,
            }
        }
        Err(why)
    }

    /// Returns who signed the fact `text` of an incident; `None` if nobody did.
    pub async fn of_fact(
        &self,
        (incident, root): (&str, &str),
        (by, text): (&Actor, &str),
        at: Timestamp,
    ) -> Option<Result<Verified, Why>> {
        let Identity::Signature { key, made, signature } = &by.proof else { return None };
        let name = by.to_string();
        let statement = Statement { incident, root, by: &name, made, fact: text }.text();
        Some(self.verify(Said { text: &statement, by, key, signature }, at).await)
    }

    /// Returns who signed an event of the journal that begins with the digest `root`; `None` if nobody did.
    pub async fn of_event(&self, event: &Event, root: &str, at: Timestamp) -> Option<Result<Verified, Why>> {
        let Identity::Signature { key, signature, .. } = &event.actor.proof else { return None };
        let text = statement::of_event(event, root, |said| said.text())?;
        Some(self.verify(Said { text: &text, by: &event.actor, key, signature }, at).await)
    }

    /// Asks gpg in an empty home of its own, to which only the key that is said to have signed is known.
    async fn by_gpg(&self, said: Said<'_>, at: Timestamp) -> Result<Signed, Why> {
        if said.signature.len() > signature::LARGEST {
            return Err(Why::Malformed);
        }
        let Some(digits) =
            said.key.strip_prefix("gpg:").filter(|_| self.people.all.iter().any(|one| one.has(said.key)))
        else {
            return Err(Why::Stranger { key: said.key.to_owned(), from: self.people.from.clone() });
        };
        let Some(public) = self.people.keyring.get(digits) else {
            return Err(Why::NoPublicKey { key: said.key.to_owned(), digits: digits.to_owned() });
        };
        let unable = |why: String| Why::Gpg(why);
        let home = tempfile::tempdir().map_err(|error| unable(error.to_string()))?;
        let (directory, file) = (home.path().display().to_string(), home.path().join("signature.asc"));
        private::write(&file, said.signature.as_bytes()).map_err(|error| unable(error.to_string()))?;
        let quiet = ["--homedir", &directory, "--no-options", "--batch", "--no-tty", "--no-autostart"];
        let import = [&quiet[..], &["--import"]].concat();
        let imported = program::run(&self.gpg, &import, public, LIMIT).await.map_err(unable)?;
        if !imported.succeeded {
            return Err(unable(format!("the public key of {} is none: {}", said.key, imported.complaint)));
        }
        // A key that ran out since was good at that time.
        let (time, file) = (format!("{}!", at.as_second() + 1), file.display().to_string());
        let check = ["--faked-system-time", &time, "--ignore-time-conflict", "--trust-model", "always"];
        let check = [&quiet[..], &check, &["--no-auto-key-retrieve", "--status-fd", "1", "--verify", &file, "-"]];
        let checked = program::run(&self.gpg, &check.concat(), said.text.as_bytes(), LIMIT).await.map_err(unable)?;
        match primary(&checked.stdout) {
            Some(primary) if primary == digits => Ok(Signed { fingerprint: said.key.to_owned(), touched: false }),
            _ => Err(Why::Forged),
        }
    }
}

fn is_of_gpg(signature: &str) -> bool {
    signature.trim_start().starts_with("-----BEGIN PGP SIGNATURE-----")
}

/// The primary key of the only signature, if it is a good one of a key that was valid (GnuPG, doc/DETAILS).
fn primary(status: &str) -> Option<String> {
    let lines = status.lines().filter_map(|line| line.strip_prefix("[GNUPG:] "));
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split(' ').collect()).collect();
    let of = |name: &str| lines.iter().filter(|line| line[0] == name).collect::<Vec<_>>();
    let is_bad = ["BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"].iter().any(|name| !of(name).is_empty());
    match (of("GOODSIG").len(), &of("VALIDSIG")[..]) {
        (1, [valid]) if !is_bad => valid.get(10).map(|digits| digits.to_ascii_uppercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::primary;

    #[test]
    fn only_one_good_signature_of_a_valid_key_counts() {
        let good = "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 Ada\n[GNUPG:] VALIDSIG aa 2026-01-01 1 0 4 0 1 10 00 bb\n";
        assert_eq!(primary(good).as_deref(), Some("BB"));
        assert_eq!(primary(&good.replace("GOODSIG", "EXPKEYSIG")), None);
        assert_eq!(primary(&format!("{good}{good}")), None);
        assert_eq!(primary(&format!("{good}[GNUPG:] REVKEYSIG 1 Ada\n")), None);
        assert_eq!(primary("gpg: Good signature\n"), None);
    }
}
