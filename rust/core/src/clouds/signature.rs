//! Signatures (RFC 2104) and their texts.

use std::fmt::{self, Write};
use std::str::FromStr;

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;

use super::invalid;
use crate::{Error, Secret};

/// The hash function of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hash {
    /// MD5.
    Md5,
    /// SHA-1, whose tokens are shorter.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
}

impl Hash {
    /// Its name, such as `sha256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    pub(super) fn sign(self, key: &[u8], text: &str) -> Vec<u8> {
        match self {
            Self::Md5 => signed(Hmac::<Md5>::new_from_slice(key), text),
            Self::Sha1 => signed(Hmac::<Sha1>::new_from_slice(key), text),
            Self::Sha256 => signed(Hmac::<Sha256>::new_from_slice(key), text),
        }
    }
}

/// A key of any length is taken, so there is no error.
fn signed<M: Mac, E>(mac: Result<M, E>, text: &str) -> Vec<u8> {
    mac.map_or_else(
        |_| Vec::new(),
        |mac| mac.chain_update(text).finalize().into_bytes().to_vec(),
    )
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Hash {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let known = [Self::Sha256, Self::Sha1, Self::Md5];
        known
            .into_iter()
            .find(|hash| hash.name() == name)
            .ok_or_else(|| {
                invalid(format!(
                    "{name:?} is no hash function that is known: use sha256, sha1 or md5"
                ))
            })
    }
}

/// The bytes of a key in base64.
pub(super) fn decoded(key: &Secret) -> Result<Vec<u8>, Error> {
    let bytes = STANDARD.decode(key.expose()).unwrap_or_default();
    if bytes.is_empty() {
        return Err(invalid(
            "the key is not base64: give it as the cloud's console shows it",
        ));
    }
    Ok(bytes)
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // A text takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202, test case 2, and RFC 4231, test case 2.
    #[test]
    fn signatures_are_those_of_the_rfcs() {
        let text = "what do ya want for nothing?";
        let sign = |hash: Hash| hex(&hash.sign(b"Jefe", text));
        assert_eq!(sign(Hash::Md5), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(sign(Hash::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(
            sign(Hash::Sha256),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
