//! Rules for a broker whose host checks passwords elsewhere.

use data_encoding::BASE64;
use lacewing_broker::{Rules, User};

use crate::scram::hmac;

/// The same rules with fingerprints in place of hashes and verifiers: a broker has to see that a user's password has changed, and nothing
/// that helps to guess it. `noise` is random, secret, and stays the same from one reload to the next.
pub fn veiled(rules: &Rules, noise: &[u8; 32]) -> Rules {
    let fingerprint = |text: &String| BASE64.encode(&hmac(noise, &[b"veil ", text.as_bytes()]));
    let veil = |user: &User| User {
        password: user.password.as_ref().map(fingerprint),
        scram: user.scram.as_ref().map(fingerprint),
        ..user.clone()
    };
    Rules { users: rules.users.iter().map(veil).collect(), ..rules.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_its_password_and_says_nothing_of_it() {
        let with = |password: &str| {
            let user = User { name: "ada".into(), password: Some(password.into()), ..User::default() };
            veiled(&Rules { users: vec![user], ..Rules::default() }, &[7; 32])
        };
        assert_eq!(with("$argon2id$a"), with("$argon2id$a"));
        assert_ne!(with("$argon2id$a"), with("$argon2id$b"));
        assert!(!with("$argon2id$a").users[0].password.as_ref().unwrap().contains("argon2"));
        assert_eq!(with("$argon2id$a").users[0].scram, None);
    }
}
