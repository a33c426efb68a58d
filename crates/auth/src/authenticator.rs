//! Answers a broker's questions.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use lacewing_broker::{AuthRequest, AuthStep, ConnId, Listener, Rules, User, Verdict};
use lacewing_protocol::ReasonCode;

use crate::scram::{Exchange, METHOD, ScramVerifier, VerifierError};
use crate::{HashError, PasswordHash};

/// Random bytes for one exchange.
pub type Nonce = [u8; 18];

/// What users prove themselves by, and the exchanges under way.
///
/// A host gives it every [`Output::Authenticate`](lacewing_broker::Output::Authenticate) and every connection that has
/// closed. It holds at most one exchange for a connection.
#[derive(Debug)]
pub struct Authenticator {
    users: BTreeMap<String, Credentials>,
    /// The first user's, for names that nobody has.
    scram: Option<Arc<ScramVerifier>>,
    dummy: Option<Arc<PasswordHash>>,
    /// Whether clients without a user name may come in, by listener where that is told apart.
    anonymous: bool,
    anonymous_at: Vec<(Listener, bool)>,
    noise: [u8; 32],
    exchanges: BTreeMap<ConnId, Option<Exchange>>,
}

#[derive(Debug, Default)]
struct Credentials {
    password: Option<Arc<PasswordHash>>,
    scram: Option<Arc<ScramVerifier>>,
}

/// What an [`Authenticator`] says to a question.
#[derive(Debug)]
pub enum Answer {
    /// This.
    Now(Verdict),
    /// What comes of this work.
    Later(Work),
}

/// A password to be checked: tens of milliseconds, or what the hash in the rules asks for.
#[derive(Debug)]
pub struct Work {
    user: String,
    password: Bytes,
    hash: Arc<PasswordHash>,
}

/// What in the rules cannot be used to let anyone in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum CredentialsError {
    #[error("user {0:?} is named twice")]
    Twice(String),
    #[error("a user has no name")]
    NoName,
    #[error("the password of user {0:?}: {1}")]
    Password(String, HashError),
    #[error("the scram verifier of user {0:?}: {1}")]
    Scram(String, VerifierError),
}

impl Authenticator {
    /// Knows nobody yet, and lets everyone in without a name. `noise` is random and secret: it decides how names that nobody has
    /// are answered.
    pub fn new(noise: [u8; 32]) -> Self {
        let rules = Rules::default();
        Self {
            users: BTreeMap::new(),
            scram: None,
            dummy: PasswordHash::dummy(None, &noise).map(Arc::new),
            anonymous: rules.anonymous,
            anonymous_at: Vec::new(),
            noise,
            exchanges: BTreeMap::new(),
        }
    }

    /// Goes on with other rules. An exchange under way goes on if its user's verifier is still the same, and else fails.
    ///
    /// # Errors
    /// When a hash or verifier cannot be read or is beyond its bounds, or a name stands twice; then nothing changes.
    pub fn set_rules(&mut self, rules: &Rules) -> Result<(), CredentialsError> {
        let mut users = BTreeMap::new();
        for user in &rules.users {
            if user.name.is_empty() {
                return Err(CredentialsError::NoName);
            }
            if users.insert(user.name.clone(), Credentials::read(user)?).is_some() {
                return Err(CredentialsError::Twice(user.name.clone()));
            }
        }
        let mut known = rules.users.iter().filter_map(|user| users.get(&user.name));
        let like = known.clone().find_map(|user| user.password.as_deref());
        self.dummy = PasswordHash::dummy(like, &self.noise).map(Arc::new);
        self.scram = known.find_map(|user| user.scram.clone());
        self.users = users;
        let mut exchanges = std::mem::take(&mut self.exchanges);
        exchanges.retain(|_, exchange| exchange.as_ref().is_none_or(|exchange| self.upholds(exchange)));
        self.exchanges = exchanges;
        self.anonymous = rules.anonymous;
        let terms = rules.listeners.iter();
        self.anonymous_at = terms.filter_map(|terms| Some((terms.listener, terms.anonymous?))).collect();
        Ok(())
    }

    /// Answers a question. `nonce` is random and was never used.
    pub fn answer(&mut self, conn: ConnId, request: &AuthRequest, nonce: &Nonce) -> Answer {
        if request.step == AuthStep::Connect {
            self.exchanges.remove(&conn);
        }
        let verdict = match (&request.method, &request.username) {
            (Some(method), _) if method == METHOD => self.scram(conn, request, nonce),
            (Some(_), _) => deny(ReasonCode::BadAuthenticationMethod),
            (None, Some(name)) => return self.password(name, request),
            (None, None) => self.nobody(request.transport.listener),
        };
        Answer::Now(verdict)
    }

    /// The name that a connection gave in the exchange under way.
    pub fn name(&self, conn: ConnId) -> Option<&str> {
        self.exchanges.get(&conn)?.as_ref().map(Exchange::name)
    }

    /// A connection is gone.
    pub fn closed(&mut self, conn: ConnId) {
        self.exchanges.remove(&conn);
    }

    /// All connections are gone.
    pub fn closed_all(&mut self) {
        self.exchanges.clear();
    }

    fn password(&self, name: &str, request: &AuthRequest) -> Answer {
        if self.users.is_empty() {
            // As the broker itself: while there are no users, a name means nothing.
            return Answer::Now(self.nobody(request.transport.listener));
        }
        let known = self.users.get(name).and_then(|user| user.password.as_ref());
        match (&request.password, known.or(self.dummy.as_ref())) {
            (Some(password), Some(hash)) => Answer::Later(Work {
                user: name.to_owned(),
                password: password.clone(),
                hash: Arc::clone(hash),
            }),
            _ => Answer::Now(deny(ReasonCode::BadUserNameOrPassword)),
        }
    }

    fn nobody(&self, listener: Listener) -> Verdict {
        let at = self.anonymous_at.iter().find(|(at, _)| *at == listener);
        if at.map_or(self.anonymous, |(_, anonymous)| *anonymous) {
            Verdict::Allow { user: None, data: None }
        } else {
            deny(ReasonCode::NotAuthorized)
        }
    }

    /// One step of SCRAM. A client may begin in CONNECT or AUTH 0x19 itself, or wait to be asked.
    fn scram(&mut self, conn: ConnId, request: &AuthRequest, nonce: &Nonce) -> Verdict {
        let begun = match request.step {
            AuthStep::Connect | AuthStep::Reauthenticate => None,
            AuthStep::Continue => match self.exchanges.remove(&conn) {
                Some(exchange) => exchange,
                None => return deny(ReasonCode::NotAuthorized),
            },
        };
        let data = request.data.clone().unwrap_or_default();
        let Some(exchange) = begun else {
            if data.is_empty() && request.step != AuthStep::Continue {
                self.exchanges.insert(conn, None);
                return Verdict::Continue { data: Bytes::new() };
            }
            return self.begin(conn, request, &data, nonce);
        };
        let name = self.known(exchange.name()).to_owned();
        match exchange.finish(&data) {
            Ok(answer) => Verdict::Allow { user: Some(name), data: Some(answer.into()) },
            Err(_) => deny(ReasonCode::NotAuthorized),
        }
    }

    fn begin(&mut self, conn: ConnId, request: &AuthRequest, data: &[u8], nonce: &Nonce) -> Verdict {
        let verifier = |name: &str| {
            let known = self.users.get(self.known(name)).and_then(|user| user.scram.as_deref());
            let dummy = || ScramVerifier::dummy(self.scram.as_deref(), &self.noise, name);
            known.cloned().unwrap_or_else(dummy)
        };
        let Ok((exchange, answer)) = Exchange::begin(data, &BASE64.encode(nonce), verifier) else {
            return deny(ReasonCode::NotAuthorized);
        };
        let other = |name: &String| name != exchange.name() && name != self.known(exchange.name());
        if request.username.as_ref().is_some_and(other) {
            return deny(ReasonCode::BadUserNameOrPassword);
        }
        self.exchanges.insert(conn, Some(exchange));
        Verdict::Continue { data: answer.into() }
    }

    fn upholds(&self, exchange: &Exchange) -> bool {
        let user = self.users.get(self.known(exchange.name()));
        user.and_then(|user| user.scram.as_deref()).is_some_and(|scram| exchange.is_by(scram))
    }

    /// The user that is meant by `name`: the one of exactly that name, else the one whose name it is once it is prepared as RFC
    /// 4013 says, else nobody.
    fn known<'a>(&'a self, name: &'a str) -> &'a str {
        if self.users.contains_key(name) {
            return name;
        }
        let prepared = stringprep::saslprep(name).ok();
        prepared.and_then(|name| self.users.get_key_value(name.as_ref())).map_or(name, |(name, _)| name)
    }
}

impl Credentials {
    fn read(user: &User) -> Result<Self, CredentialsError> {
        let name = || user.name.clone();
        let password = user.password.as_ref().map(|hash| hash.parse()).transpose();
        let scram = user.scram.as_ref().map(|verifier| verifier.parse()).transpose();
        Ok(Self {
            password: password.map_err(|error| CredentialsError::Password(name(), error))?.map(Arc::new),
            scram: scram.map_err(|error| CredentialsError::Scram(name(), error))?.map(Arc::new),
        })
    }
}

impl Work {
    /// Does the work and says what comes of it.
    pub fn run(self) -> Verdict {
        if self.hash.fits(&self.password) {
            Verdict::Allow { user: Some(self.user), data: None }
        } else {
            deny(ReasonCode::BadUserNameOrPassword)
        }
    }
}

fn deny(reason: ReasonCode) -> Verdict {
    Verdict::Deny { reason }
}

#[cfg(test)]
mod tests {
    use lacewing_broker::{ListenerTerms, Terms, Transport};
    use lacewing_protocol::ProtocolVersion;

    use super::*;
    use crate::SALT_LENGTH;

    const CONN: ConnId = ConnId(1);
    /// The password is "pencil"; 8 KiB, one pass.
    const HASH: &str =
        "$argon2id$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$2vEyF5weWleEp5h7PY7aLi9Uo2VN9IQqwN4iQu3m4cw";

    fn rules() -> Rules {
        let scram = ScramVerifier::make_with("pencil", &[1; SALT_LENGTH], 4096).unwrap().to_string();
        let ada =
            User { name: "ada".into(), password: Some(HASH.into()), scram: Some(scram), ..User::default() };
        Rules { anonymous: false, users: vec![ada], ..Rules::default() }
    }

    fn authenticator() -> Authenticator {
        let mut authenticator = Authenticator::new([7; 32]);
        authenticator.set_rules(&rules()).unwrap();
        authenticator
    }

    fn request(step: AuthStep) -> AuthRequest {
        AuthRequest {
            client_id: "lamp".into(),
            version: ProtocolVersion::V5_0,
            username: None,
            password: None,
            transport: Transport::default(),
            method: None,
            data: None,
            step,
        }
    }

    fn login(name: &str, password: &'static str) -> AuthRequest {
        let password = Some(Bytes::from_static(password.as_bytes()));
        AuthRequest { username: Some(name.into()), password, ..request(AuthStep::Connect) }
    }

    fn scram(step: AuthStep, data: impl Into<Bytes>) -> AuthRequest {
        AuthRequest { method: Some(METHOD.into()), data: Some(data.into()), ..request(step) }
    }

    fn verdict(answer: Answer) -> Verdict {
        match answer {
            Answer::Now(verdict) => verdict,
            Answer::Later(work) => work.run(),
        }
    }

    fn ask(authenticator: &mut Authenticator, request: &AuthRequest) -> Verdict {
        verdict(authenticator.answer(CONN, request, &[5; 18]))
    }

    /// What a client that knows `password` answers to the server's first message.
    fn proof(first: &str, challenge: &[u8], password: &str) -> String {
        let challenge = std::str::from_utf8(challenge).unwrap();
        let (nonce, rest) = challenge.strip_prefix("r=").unwrap().split_once(",s=").unwrap();
        let (salt, iterations) = rest.split_once(",i=").unwrap();
        let salt = BASE64.decode(salt.as_bytes()).unwrap();
        crate::scram::client_final(first, nonce, challenge, password, &salt, iterations.parse().unwrap())
    }

    #[test]
    fn the_right_password_lets_its_user_in_and_no_other() {
        let mut authenticator = authenticator();
        let ada = Verdict::Allow { user: Some("ada".into()), data: None };
        assert_eq!(ask(&mut authenticator, &login("ada", "pencil")), ada);
        let wrong = deny(ReasonCode::BadUserNameOrPassword);
        assert_eq!(ask(&mut authenticator, &login("ada", "pencils")), wrong);
        assert_eq!(ask(&mut authenticator, &login("bob", "pencil")), wrong);
        let without = AuthRequest { password: None, ..login("ada", "") };
        assert_eq!(ask(&mut authenticator, &without), wrong);
    }

    #[test]
    fn a_name_that_nobody_has_is_hashed_at_the_cost_of_one_that_somebody_has() {
        let mut authenticator = authenticator();
        let known = authenticator.answer(CONN, &login("ada", "x"), &[5; 18]);
        let unknown = authenticator.answer(CONN, &login("bob", "x"), &[5; 18]);
        let (Answer::Later(known), Answer::Later(unknown)) = (known, unknown) else { panic!("work") };
        assert_eq!(format!("{:?}", known.hash), format!("{:?}", unknown.hash));
    }

    #[test]
    fn without_a_name_the_rules_for_everyone_or_the_listener_decide() {
        let mut authenticator = authenticator();
        assert_eq!(ask(&mut authenticator, &request(AuthStep::Connect)), deny(ReasonCode::NotAuthorized));
        let terms = ListenerTerms { listener: Listener::Tcp, anonymous: Some(true), terms: Terms::default() };
        authenticator.set_rules(&Rules { listeners: vec![terms], ..rules() }).unwrap();
        let allowed = Verdict::Allow { user: None, data: None };
        assert_eq!(ask(&mut authenticator, &request(AuthStep::Connect)), allowed);
    }

    #[test]
    fn while_there_are_no_users_a_name_means_nothing() {
        let mut authenticator = Authenticator::new([7; 32]);
        let allowed = Verdict::Allow { user: None, data: None };
        assert_eq!(ask(&mut authenticator, &login("ada", "x")), allowed);
        authenticator.set_rules(&Rules { anonymous: false, ..Rules::default() }).unwrap();
        assert_eq!(ask(&mut authenticator, &login("ada", "x")), deny(ReasonCode::NotAuthorized));
    }

    #[test]
    fn a_client_proves_itself_by_scram_and_the_server_answers_with_its_own_proof() {
        let mut authenticator = authenticator();
        let first = "n,,n=ada,r=abc";
        let answer = ask(&mut authenticator, &scram(AuthStep::Connect, first));
        let Verdict::Continue { data } = answer else { panic!("{answer:?}") };
        let last = proof(first, &data, "pencil");
        let answer = ask(&mut authenticator, &scram(AuthStep::Continue, last.clone()));
        let Verdict::Allow { user, data: Some(data) } = answer else { panic!("{answer:?}") };
        assert_eq!(user.as_deref(), Some("ada"));
        assert!(data.starts_with(b"v="));
        let again = ask(&mut authenticator, &scram(AuthStep::Continue, last));
        assert_eq!(again, deny(ReasonCode::NotAuthorized), "an exchange ends once");
    }

    #[test]
    fn a_client_may_wait_to_be_asked_for_its_first_message() {
        let mut authenticator = authenticator();
        let empty = ask(&mut authenticator, &scram(AuthStep::Reauthenticate, ""));
        assert_eq!(empty, Verdict::Continue { data: Bytes::new() });
        let first = "n,,n=ada,r=abc";
        let answer = ask(&mut authenticator, &scram(AuthStep::Continue, first));
        let Verdict::Continue { data } = answer else { panic!("{answer:?}") };
        let last = proof(first, &data, "pencil");
        let answer = ask(&mut authenticator, &scram(AuthStep::Continue, last));
        assert!(matches!(answer, Verdict::Allow { .. }), "{answer:?}");
    }

    #[test]
    fn scram_refuses_wrong_proofs_unknown_names_and_other_user_names() {
        let mut authenticator = authenticator();
        for (first, password) in [("n,,n=ada,r=abc", "pencils"), ("n,,n=bob,r=abc", "pencil")] {
            let answer = ask(&mut authenticator, &scram(AuthStep::Connect, first));
            let Verdict::Continue { data } = answer else { panic!("{answer:?}") };
            let last = proof(first, &data, password);
            let answer = ask(&mut authenticator, &scram(AuthStep::Continue, last));
            assert_eq!(answer, deny(ReasonCode::NotAuthorized));
        }
        let other =
            AuthRequest { username: Some("bob".into()), ..scram(AuthStep::Connect, "n,,n=ada,r=abc") };
        assert_eq!(ask(&mut authenticator, &other), deny(ReasonCode::BadUserNameOrPassword));
        assert_eq!(authenticator.exchanges.len(), 0);
    }

    #[test]
    fn a_method_that_is_not_offered_is_refused_as_such() {
        let mut authenticator = authenticator();
        let other = AuthRequest { method: Some("GS2-KRB5".into()), ..scram(AuthStep::Connect, "x") };
        assert_eq!(ask(&mut authenticator, &other), deny(ReasonCode::BadAuthenticationMethod));
    }

    #[test]
    fn an_exchange_does_not_outlive_its_connection_or_its_verifier() {
        let mut authenticator = authenticator();
        let first = "n,,n=ada,r=abc";
        let begin = |authenticator: &mut Authenticator| {
            let answer = ask(authenticator, &scram(AuthStep::Connect, first));
            let Verdict::Continue { data } = answer else { panic!("{answer:?}") };
            proof(first, &data, "pencil")
        };
        let last = begin(&mut authenticator);
        authenticator.closed(CONN);
        let answer = ask(&mut authenticator, &scram(AuthStep::Continue, last));
        assert_eq!(answer, deny(ReasonCode::NotAuthorized));

        let last = begin(&mut authenticator);
        authenticator.set_rules(&rules()).unwrap();
        let answer = ask(&mut authenticator, &scram(AuthStep::Continue, last));
        assert!(matches!(answer, Verdict::Allow { .. }), "the same verifier: {answer:?}");

        let last = begin(&mut authenticator);
        authenticator.set_rules(&Rules::default()).unwrap();
        let answer = ask(&mut authenticator, &scram(AuthStep::Continue, last));
        assert_eq!(answer, deny(ReasonCode::NotAuthorized));
    }

    #[test]
    fn rules_that_cannot_be_used_change_nothing() {
        let mut authenticator = authenticator();
        let broken = |user: User| Rules { users: vec![user], ..Rules::default() };
        let bob = User { name: "bob".into(), password: Some("secret".into()), ..User::default() };
        let error = authenticator.set_rules(&broken(bob)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the password of user \"bob\": it is not an Argon2 hash as `lacewing password` makes it ($argon2id$v=19$…)"
        );
        let twice = Rules { users: [rules().users, rules().users].concat(), ..Rules::default() };
        assert_eq!(authenticator.set_rules(&twice), Err(CredentialsError::Twice("ada".into())));
        assert_eq!(authenticator.set_rules(&broken(User::default())), Err(CredentialsError::NoName));
        assert!(matches!(ask(&mut authenticator, &login("ada", "pencil")), Verdict::Allow { .. }));
    }
}
