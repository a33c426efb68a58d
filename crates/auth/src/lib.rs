//! Who a client is: passwords against Argon2 hashes, and SCRAM-SHA-256 as an MQTT 5.0 authentication method (§4.12).
//!
//! A broker asks its host ([`Output::Authenticate`](lacewing_broker::Output::Authenticate)); this crate is what a host
//! needs to answer. Sans-IO like the broker: nonces and salts are arguments, and what takes long comes out as [`Work`]
//! that the host does where it disturbs nobody.
//!
//! - [`Authenticator`] answers a broker's questions by its [`Rules`](lacewing_broker::Rules).
//! - [`PasswordHash`] and [`ScramVerifier`] are what stands in the rules, read, checked against and made.
//! - [`Attempts`] slows down who guesses.

mod attempts;
mod authenticator;
mod password;
mod scram;
mod veil;

pub use attempts::Attempts;
pub use authenticator::{Answer, Authenticator, CredentialsError, Nonce, Work};
pub use password::{HashError, PasswordHash, SALT_LENGTH, Salt};
pub use scram::{Exchange, METHOD, PasswordError, ScramError, ScramVerifier, VerifierError};
pub use veil::veiled;
