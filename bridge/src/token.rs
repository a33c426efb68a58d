//! The pairing token: what a page shows to be let in as the broker, or as its operator.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;
use thiserror::Error;

const BYTES: usize = 32;
const FILE: &str = "pairing-token";
/// The longest file that is looked into: what is longer is no token.
const FILE_MAX: u64 = 256;

/// 32 random bytes, written as base64url. It lives across restarts, so that a page stays paired.
#[derive(Clone)]
pub(crate) struct Token(String);

/// Why there is no token.
#[derive(Debug, Error)]
pub(crate) enum TokenError {
    /// The file cannot be read or made.
    #[error("cannot keep the pairing token in {}: {source} (choose another folder with --data DIR)", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} does not hold a pairing token: delete it and a new one is made", .0.display())]
    Garbage(PathBuf),
    /// The system gives no random bytes.
    #[error("no random bytes for a pairing token: {0}")]
    Random(getrandom::Error),
}

impl Token {
    /// The token in `dir`; made, with the folder, if there is none yet. Only the owner can read the file.
    pub(crate) fn load_or_create(dir: &Path) -> Result<Self, TokenError> {
        let path = dir.join(FILE);
        let failed = |source| TokenError::File { path: path.clone(), source };
        match read(&path) {
            Ok(text) => return Self::parse(&text).ok_or(TokenError::Garbage(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(TokenError::Garbage(path));
            }
            Err(error) => return Err(failed(error)),
        }
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(TokenError::Random)?;
        let token = Self(BASE64URL_NOPAD.encode(&bytes));
        fs::create_dir_all(dir).map_err(failed)?;
        match write(dir, &path, &token.0) {
            Ok(()) => Ok(token),
            // Another bridge was faster: its token is the one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(&path)
                .map_err(failed)
                .and_then(|text| Self::parse(&text).ok_or(TokenError::Garbage(path))),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether `shown` is this token. Takes as long for a nearly right one as for a wholly wrong one.
    pub(crate) fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// The text of the token, for the address that is printed.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end();
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (bytes.len() == BYTES).then(|| Self(text.to_owned()))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes the whole token under another name first, so that no one ever finds half of it.
fn write(dir: &Path, path: &Path, token: &str) -> io::Result<()> {
    let draft = dir.join(format!("{FILE}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        writeln!(file, "{token}")?;
        file.sync_all()
    });
    // Unlike a rename, a link does not replace the file of a bridge that started at the same moment.
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    linked.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_lives_across_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let first = Token::load_or_create(&dir.path().join("new")).unwrap();
        let second = Token::load_or_create(&dir.path().join("new")).unwrap();
        assert_eq!(first.reveal(), second.reveal());
        assert_eq!(first.reveal().len(), 43);
        assert_eq!(fs::read_dir(dir.path().join("new")).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        Token::load_or_create(dir.path()).unwrap();
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn garbage_in_the_file_is_an_error_and_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        for garbage in [&b""[..], b"hello", b"\xff\xfe", &[b'a'; 5000]] {
            fs::write(dir.path().join(FILE), garbage).unwrap();
            assert!(matches!(Token::load_or_create(dir.path()), Err(TokenError::Garbage(_))));
            assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), garbage);
        }
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let dir = tempfile::tempdir().unwrap();
        let token = Token::load_or_create(dir.path()).unwrap();
        assert!(token.is(token.reveal()));
        assert!(!token.is(""));
        assert!(!token.is(&token.reveal()[1..]));
        assert!(!token.is(&format!("{}A", token.reveal())));
    }
}
