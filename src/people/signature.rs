//! Signatures of SSH keys over a text (OpenSSH, PROTOCOL.sshsig), checked without a program.

use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use ssh_key::public::{EcdsaPublicKey, KeyData, RsaPublicKey};
use ssh_key::{Algorithm, HashAlg, Signature, SshSig};

use super::Why;
use super::key::fingerprint;

/// What is signed for: a signature that was made for something else, such as a commit, is none of ours.
pub const NAMESPACE: &str = "hotfix-approval";

/// How many bytes a signature may have, in its armour.
pub const LARGEST: usize = 16 * 1024;

/// The flag of a key in a device: somebody touched it (OpenSSH, PROTOCOL.u2f).
const TOUCHED: u8 = 0x01;

/// How many bytes of a device's signature are its flags and its counter.
const TRAILER: usize = 5;

/// A signature that is one of its key over the text. Whose key it is, is not said by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub fingerprint: String,
    /// Whether the key is in a device, and somebody touched that.
    pub touched: bool,
}

/// Returns whose signature over `text` this is.
///
/// Fails if it is not one, or was made for something else.
pub fn check(armoured: &str, text: &[u8]) -> Result<Signed, Why> {
    if armoured.len() > LARGEST {
        return Err(Why::Malformed);
    }
    let signed = SshSig::from_pem(armoured).map_err(|_| Why::Malformed)?;
    if signed.namespace() != NAMESPACE {
        return Err(Why::Purpose);
    }
    if !signed.reserved().is_empty() {
        return Err(Why::Malformed);
    }
    let message = SshSig::signed_data(NAMESPACE, signed.hash_alg(), text).map_err(|_| Why::Malformed)?;
    let touched = holds(signed.public_key(), signed.signature(), &message).ok_or(Why::Forged)?;
    Ok(Signed { fingerprint: fingerprint(signed.public_key()), touched })
}

/// Returns whether a device was touched for the signature; `None` if it is not one of the key.
fn holds(key: &KeyData, signature: &Signature, message: &[u8]) -> Option<bool> {
    let bytes = signature.as_bytes();
    match (key, signature.algorithm()) {
        (KeyData::Ed25519(key), Algorithm::Ed25519) => by(&ED25519, key.as_ref(), message, bytes),
        (KeyData::Ecdsa(key), algorithm) if algorithm == key.algorithm() => match key {
            EcdsaPublicKey::NistP256(_) => {
                by(&ECDSA_P256_SHA256_FIXED, key.as_sec1_bytes(), message, &fixed(bytes, 32)?)
            }
            EcdsaPublicKey::NistP384(_) => {
                by(&ECDSA_P384_SHA384_FIXED, key.as_sec1_bytes(), message, &fixed(bytes, 48)?)
            }
            EcdsaPublicKey::NistP521(_) => None,
        },
        (KeyData::Rsa(key), Algorithm::Rsa { hash: Some(hash) }) => by_rsa(key, hash, message, bytes),
        (KeyData::SkEd25519(key), Algorithm::SkEd25519) => {
            let (bytes, trailer) = bytes.split_at_checked(bytes.len().checked_sub(TRAILER)?)?;
            by(&ED25519, key.public_key().as_ref(), &of_device(key.application(), trailer, message), bytes)?;
            Some(trailer[0] & TOUCHED != 0)
        }
        (KeyData::SkEcdsaSha2NistP256(key), Algorithm::SkEcdsaSha2NistP256) => {
            let (bytes, trailer) = bytes.split_at_checked(bytes.len().checked_sub(TRAILER)?)?;
            let message = of_device(key.application(), trailer, message);
            by(&ECDSA_P256_SHA256_FIXED, key.ec_point().as_ref(), &message, &fixed(bytes, 32)?)?;
            Some(trailer[0] & TOUCHED != 0)
        }
        _ => None,
    }
}

fn by(algorithm: &'static dyn VerificationAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).ok().map(|()| false)
}

/// RSA with SHA-1 and keys of fewer than 2,048 bits prove nothing.
fn by_rsa(key: &RsaPublicKey, hash: HashAlg, message: &[u8], signature: &[u8]) -> Option<bool> {
    let algorithm = match hash {
        HashAlg::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        HashAlg::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    };
    let (n, e) = (key.n.as_positive_bytes()?, key.e.as_positive_bytes()?);
    RsaPublicKeyComponents { n, e }.verify(algorithm, message, signature).ok().map(|()| false)
}

/// What a device signs: the digest of its application, flags and counter, the digest of the message
/// (OpenSSH, PROTOCOL.u2f).
fn of_device(application: &str, trailer: &[u8], message: &[u8]) -> Vec<u8> {
    [digest(&SHA256, application.as_bytes()).as_ref(), trailer, digest(&SHA256, message).as_ref()].concat()
}

/// The two numbers of a signature, each with its length before it (RFC 5656, 3.1.2), as two of `size` bytes.
fn fixed(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let (r, rest) = number(bytes, size)?;
    let (s, rest) = number(rest, size)?;
    rest.is_empty().then(|| [r, s].concat())
}

fn number(bytes: &[u8], size: usize) -> Option<(Vec<u8>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let padding = size.checked_sub(number.len() - start)?;
    Some(([&vec![0; padding], &number[start..]].concat(), rest))
}
