use std::fmt;

/// The version of the frames. Both sides must speak the same one.
pub const VERSION: u16 = 2;

pub(crate) const MAX_TOKEN: usize = 256;
pub(crate) const MAX_INFO: usize = 2048;

/// Names a broker, not a link: a page keeps its id over reloads, so a reloaded page may replace its own stale link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub [u8; 16]);

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a side says first. The dialler says it at once; the acceptor says it when it has accepted the dialler's, or
/// says [`goodbye`](crate::Link::goodbye) instead. Streams open once both were said.
#[derive(Clone, PartialEq, Eq)]
pub struct Hello {
    /// The broker that the dialler is, or that the acceptor took it for.
    pub broker: BrokerId,
    /// What proves that the dialler may be here. Compared by the host, in constant time. At most 256 bytes.
    pub token: String,
    /// Whether this broker is to replace another one that is linked now.
    pub takeover: bool,
    /// What one host wants the other to know, in a form that is theirs. At most 2048 bytes.
    pub info: String,
}

impl Hello {
    /// A HELLO without token, take-over or info.
    pub fn new(broker: BrokerId) -> Self {
        Self { broker, token: String::new(), takeover: false, info: String::new() }
    }

    /// The same with a token.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// The same, asking to replace whichever broker is linked.
    pub fn with_takeover(mut self, takeover: bool) -> Self {
        self.takeover = takeover;
        self
    }

    /// The same with info.
    pub fn with_info(mut self, info: impl Into<String>) -> Self {
        self.info = info.into();
        self
    }
}

impl fmt::Debug for Hello {
    /// Leaves the token out, so that no log holds it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello")
            .field("broker", &format_args!("{}", self.broker))
            .field("takeover", &self.takeover)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}
