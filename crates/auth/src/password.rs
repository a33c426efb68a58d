//! Argon2 hashes of passwords, in PHC form: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// The most memory that checking a password may take, in KiB: 256 MiB.
const MEMORY_MAXIMUM: u32 = 256 * 1024;
/// The most memory times passes, in KiB: 1 GiB, one to two seconds of work.
const WORK_MAXIMUM: u64 = 1024 * 1024;
/// The most lanes.
const LANES_MAXIMUM: u32 = 16;
/// The shortest hash that counts, in bytes.
const HASH_MINIMUM: usize = 16;

/// The bytes of a salt that is made here.
pub const SALT_LENGTH: usize = 16;

/// Random bytes that make equal passwords look different.
pub type Salt = [u8; SALT_LENGTH];

/// The Argon2 hash of a password, of a size that can be checked in bounded time and memory.
///
/// Any of Argon2's three variants, at most 256 MiB of memory, 1 GiB of memory times passes and 16 lanes, and at least 16
/// bytes of hash.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    phc: phc::PasswordHash,
    params: Params,
}

/// Why a text is no [`PasswordHash`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum HashError {
    #[error("it is not an Argon2 hash as `lacewing password` makes it ($argon2id$v=19$…)")]
    Malformed,
    #[error("it would take {0} KiB of memory to check; at most 262144 KiB are allowed (m=)")]
    Memory(u32),
    #[error("it would take too long to check: m × t may be at most 1048576 KiB")]
    Work,
    #[error("it has {0} lanes; at most 16 are allowed (p=)")]
    Lanes(u32),
    #[error("its hash is shorter than 16 bytes")]
    Short,
}

impl PasswordHash {
    /// Hashes a password with the parameters that are advised today (Argon2id, 19 MiB, 2 passes, 1 lane). Takes some
    /// tens of milliseconds.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn make(password: &[u8], salt: &Salt) -> Result<Self, HashError> {
        Self::make_with(password, salt, Params::DEFAULT)
    }

    fn make_with(password: &[u8], salt: &Salt, params: Params) -> Result<Self, HashError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let phc = argon2.hash_password_with_salt(password, salt).map_err(|_| HashError::Malformed)?;
        Ok(Self { phc, params })
    }

    /// A hash that no known password has and that takes as long to check as `self`: what an unknown user is checked
    /// against. `noise` decides what it looks like.
    pub(crate) fn dummy(like: Option<&Self>, noise: &[u8; 32]) -> Option<Self> {
        let params = like.map_or(Params::DEFAULT, |like| like.params.clone());
        let phc = phc::PasswordHash {
            algorithm: like.map_or_else(|| Algorithm::Argon2id.ident(), |like| like.phc.algorithm),
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(&params).ok()?,
            salt: Some(phc::Salt::new(&noise[..SALT_LENGTH]).ok()?),
            hash: Some(phc::Output::new(noise).ok()?),
        };
        Some(Self { phc, params })
    }

    /// Whether `password` is the one. Takes the time and memory that the hash asks for.
    pub fn fits(&self, password: &[u8]) -> bool {
        Argon2::default().verify_password(password, &self.phc).is_ok()
    }
}

impl FromStr for PasswordHash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let phc = phc::PasswordHash::new(text).map_err(|_| HashError::Malformed)?;
        Algorithm::try_from(phc.algorithm.as_str()).map_err(|_| HashError::Malformed)?;
        if let Some(version) = phc.version {
            Version::try_from(version).map_err(|_| HashError::Malformed)?;
        }
        let (Some(_), Some(hash)) = (&phc.salt, &phc.hash) else { return Err(HashError::Malformed) };
        if hash.len() < HASH_MINIMUM {
            return Err(HashError::Short);
        }
        let params = Params::try_from(&phc).map_err(|_| HashError::Malformed)?;
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        if memory > MEMORY_MAXIMUM {
            return Err(HashError::Memory(memory));
        }
        if u64::from(memory) * u64::from(passes) > WORK_MAXIMUM {
            return Err(HashError::Work);
        }
        if lanes > LANES_MAXIMUM {
            return Err(HashError::Lanes(lanes));
        }
        Ok(Self { phc, params })
    }
}

impl fmt::Display for PasswordHash {
    /// The PHC form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.phc.fmt(f)
    }
}

impl fmt::Debug for PasswordHash {
    /// Says what it costs, and nothing that helps to guess.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("params", &self.params).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1 -l 32 -e`.
    const FROM_ELSEWHERE: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    fn quick(password: &[u8]) -> PasswordHash {
        PasswordHash::make_with(password, &[7; SALT_LENGTH], Params::new(8, 1, 1, None).unwrap()).unwrap()
    }

    #[test]
    fn only_the_password_that_was_hashed_fits() {
        let hash: PasswordHash = quick(b"correct horse").to_string().parse().unwrap();
        assert!(hash.fits(b"correct horse"));
        assert!(!hash.fits(b"correct horses"));
        assert!(!hash.fits(b""));
    }

    #[test]
    fn a_hash_that_others_made_is_checked() {
        let hash: PasswordHash = FROM_ELSEWHERE.parse().unwrap();
        assert!(hash.fits(b"password"));
        assert!(!hash.fits(b"Password"));
    }

    #[test]
    fn what_is_made_is_argon2id_as_advised() {
        let made = PasswordHash::make(b"pencil", &[1; SALT_LENGTH]).unwrap().to_string();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        assert!(made.parse::<PasswordHash>().unwrap().fits(b"pencil"));
    }

    #[test]
    fn a_hash_cannot_make_the_host_allocate_or_work_without_measure() {
        let with = |params: &str| {
            format!("$argon2id$v=19${params}$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
                .parse::<PasswordHash>()
                .unwrap_err()
        };
        assert_eq!(with("m=4194304,t=1,p=1"), HashError::Memory(4_194_304));
        assert_eq!(with("m=262144,t=5,p=1"), HashError::Work);
        assert_eq!(with("m=8,t=4294967295,p=1"), HashError::Work);
        assert_eq!(with("m=65536,t=1,p=64"), HashError::Lanes(64));
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for bad in [
            "",
            "secret",
            "$argon2id$v=19$m=256,t=2,p=1",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "$scrypt$ln=15,r=8,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ] {
            assert_eq!(bad.parse::<PasswordHash>().unwrap_err(), HashError::Malformed, "{bad}");
        }
        let short = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/g";
        assert_eq!(short.parse::<PasswordHash>().unwrap_err(), HashError::Short);
    }

    #[test]
    fn a_dummy_costs_the_same_and_fits_nothing() {
        let known = quick(b"pencil");
        let dummy = PasswordHash::dummy(Some(&known), &[3; 32]).unwrap();
        assert_eq!(dummy.params.m_cost(), known.params.m_cost());
        assert_eq!(dummy.params.t_cost(), known.params.t_cost());
        assert!(!dummy.fits(b"pencil"));
        assert!(PasswordHash::dummy(None, &[3; 32]).unwrap().to_string().parse::<PasswordHash>().is_ok());
    }

    #[test]
    fn a_hash_is_not_shown_in_logs() {
        assert!(!format!("{:?}", FROM_ELSEWHERE.parse::<PasswordHash>().unwrap()).contains("nf65"));
    }
}
