use crate::LinkError;

/// What a link may use. Sizes are bytes, times are microseconds of the host's awake clock.
///
/// The sizes are stated in HELLO and both sides keep to the smaller of the two values. A value outside its range is
/// taken as the nearest one inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Longest channel message. 4 KiB to 1 MiB, default 64 KiB: the size at which a worker's per-message cost no
    /// longer shows. A longer one from the peer ends the link.
    pub max_message: u32,
    /// Bytes one stream may have on the way or unused at its receiver, in each direction. From `stream_reserve` to
    /// 16 MiB, default 64 KiB. More lets one device go faster over a slow link.
    pub stream_credit: u32,
    /// The part of `stream_credit` that is the stream's own, whatever the others do. 1 KiB to 1 MiB, default 4 KiB.
    /// Idle streams cost nothing of it.
    pub stream_reserve: u32,
    /// What all streams together may use above their reserves, in each direction. Up to 256 MiB, default 4 MiB.
    pub connection_credit: u32,
    /// Streams that either side may have open at a time. 1 to 1 000 000, default 10 000. Further ones are refused by
    /// [`Link::open`](crate::Link::open); a peer that opens more ends the link.
    pub max_streams: u32,
    /// How long the peer may take to say HELLO. Default 10 s.
    pub hello_within: u64,
    /// Silence after which the peer is asked for a sign of life, and again as often. Default 10 s.
    pub ping_after: u64,
    /// Silence after which the link is given up. Default 30 s.
    pub silent_after: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message: 64 << 10,
            stream_credit: 64 << 10,
            stream_reserve: 4 << 10,
            connection_credit: 4 << 20,
            max_streams: 10_000,
            hello_within: 10_000_000,
            ping_after: 10_000_000,
            silent_after: 30_000_000,
        }
    }
}

/// The sizes of a [`Config`], as HELLO states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) max_message: u32,
    pub(crate) stream_credit: u32,
    pub(crate) stream_reserve: u32,
    pub(crate) connection_credit: u32,
    pub(crate) max_streams: u32,
}

/// Room for any HELLO: a message of this size is taken before the limits are agreed.
pub(crate) const MIN_MESSAGE: u32 = 4 << 10;
const MIN_RESERVE: u32 = 1 << 10;

impl Limits {
    pub(crate) fn of(config: &Config) -> Self {
        let stream_reserve = config.stream_reserve.clamp(MIN_RESERVE, 1 << 20);
        Self {
            max_message: config.max_message.clamp(MIN_MESSAGE, 1 << 20),
            stream_credit: config.stream_credit.clamp(stream_reserve, 16 << 20),
            stream_reserve,
            connection_credit: config.connection_credit.min(256 << 20),
            max_streams: config.max_streams.clamp(1, 1_000_000),
        }
    }

    /// Refuses what no honest peer states, so that a link can always move: see [`Config`] for the ranges.
    pub(crate) fn checked(self) -> Result<Self, LinkError> {
        if self.max_message < MIN_MESSAGE {
            return Err(LinkError::Hello("its longest message is too short"));
        }
        if self.stream_reserve < MIN_RESERVE || self.stream_credit < self.stream_reserve {
            return Err(LinkError::Hello("its stream credit is too small"));
        }
        if self.max_streams == 0 {
            return Err(LinkError::Hello("it allows no streams"));
        }
        Ok(self)
    }

    /// What both sides keep to.
    pub(crate) fn agree(self, other: Self) -> Self {
        Self {
            max_message: self.max_message.min(other.max_message),
            stream_credit: self.stream_credit.min(other.stream_credit),
            stream_reserve: self.stream_reserve.min(other.stream_reserve),
            connection_credit: self.connection_credit.min(other.connection_credit),
            max_streams: self.max_streams.min(other.max_streams),
        }
    }

    /// Used bytes are given back in portions of this size: below half the reserve a sender is never out of credit,
    /// so the rest may wait, and 64-byte messages cost one CREDIT in 32.
    pub(crate) fn credit_portion(&self) -> u32 {
        self.stream_reserve / 2
    }
}
