//! Where the broker is: who the clients are there, and how it is told.

use lacewing_client::Cause;
use lacewing_control::OPERATOR;
use lacewing_protocol::ReasonCode;

use crate::roles::Place;
use crate::wire::{self, Login, Reach};

/// Who the clients say they are there. A page that has the pairing token is the operator, and logs in with it; nobody else is shown the token.
pub(super) fn credentials(place: &Place) -> Option<Login> {
    match place {
        Place::Native { control: Some((_, token)), .. } => {
            Some(Login { username: OPERATOR.to_owned(), password: token.clone() })
        }
        Place::Native { login, .. } | Place::Foreign { login, .. } => login.clone(),
        Place::Here | Place::OtherTab | Place::Searching | Place::Stopped { .. } => None,
    }
}

/// Whether the broker may want to know who this is.
pub(super) fn wants_login(cause: &Cause) -> bool {
    let (Cause::Refused { reason, .. } | Cause::Server { reason, .. }) = cause else { return false };
    matches!(reason, ReasonCode::BadUserNameOrPassword | ReasonCode::NotAuthorized)
}

/// The place as the status line tells it.
pub(super) fn shown(place: &Place, reach: Reach) -> wire::Place {
    match place {
        Place::Here => wire::Place::ThisTab,
        Place::OtherTab => wire::Place::OtherTab,
        Place::Native { mqtt, .. } => wire::Place::Native { url: mqtt.clone(), reach },
        Place::Foreign { url, .. } => wire::Place::Foreign { url: url.clone(), reach },
        Place::Searching => wire::Place::Starting,
        Place::Stopped { report } => wire::Place::Stopped { report: report.clone() },
    }
}

/// Why there is no broker, as a sentence.
pub(super) fn sentence(cause: &Cause) -> String {
    let text = cause.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
