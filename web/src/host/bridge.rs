//! The road to the bridge: when it is dialled, and what is known of it.

use lacewing_control::{Addresses, BridgeState};
use lacewing_link::{BrokerId, CloseCode, CloseReason, Hello};

/// The first wait after a link was lost, in microseconds; it doubles up to [`SLOWEST`].
const FIRST_WAIT: u64 = 250_000;
const SLOWEST: u64 = 2_000_000;
/// Between two tries while another page has the bridge, in microseconds.
const WHILE_BUSY: u64 = 5_000_000;

/// A link to be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// `ws://HOST:PORT/link`.
    pub url: String,
}

/// Dials the bridge again and again, and says how it stands.
#[derive(Debug)]
pub struct Bridge {
    broker: BrokerId,
    road: Option<Road>,
    state: BridgeState,
    /// When to dial next: awake microseconds. `None` while linked or linking, and when it is pointless.
    next: Option<u64>,
    wait: u64,
    takeover: bool,
    /// The token is wrong: dialling again cannot help.
    hopeless: bool,
}

#[derive(Debug)]
struct Road {
    url: String,
    token: String,
}

impl Bridge {
    /// A road to the bridge at `url`, if there is one; it is dialled at once.
    pub fn new(broker: [u8; 16], road: Option<(String, String)>, now: u64) -> Self {
        let road = road.map(|(url, token)| Road { url, token });
        let next = road.is_some().then_some(now);
        let state = if road.is_some() { BridgeState::Linking } else { BridgeState::None };
        Self {
            broker: BrokerId(broker),
            road,
            state,
            next,
            wait: FIRST_WAIT,
            takeover: false,
            hopeless: false,
        }
    }

    /// How it stands.
    pub fn state(&self) -> &BridgeState {
        &self.state
    }

    /// What to dial, when it is time.
    pub fn dial(&mut self, now: u64) -> Option<Dial> {
        let road = self.road.as_ref()?;
        if self.next.is_none_or(|next| next > now) {
            return None;
        }
        self.next = None;
        Some(Dial { url: road.url.clone() })
    }

    /// When to ask for a [`dial`](Self::dial) next.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.next
    }

    /// What to say first on a link that has opened.
    pub fn hello(&mut self) -> Hello {
        let token = self.road.as_ref().map(|road| road.token.clone()).unwrap_or_default();
        Hello::new(self.broker).with_token(token).with_takeover(std::mem::take(&mut self.takeover))
    }

    /// The bridge said HELLO: devices can connect at the addresses in it.
    pub fn linked(&mut self, hello: &Hello) {
        self.wait = FIRST_WAIT;
        // A bridge that says nothing of its addresses still carries devices.
        self.state = BridgeState::Linked(serde_json::from_str::<Addresses>(&hello.info).unwrap_or_default());
    }

    /// The bridge ended the link in words.
    pub fn refused(&mut self, now: u64, reason: &CloseReason) {
        match reason.code {
            CloseCode::Unauthorized => {
                self.hopeless = true;
                self.next = None;
                let why = "The bridge does not know this page: open the address it prints, the one with #pair= in it.";
                self.state = BridgeState::Refused { why: why.to_owned() };
            }
            CloseCode::Busy | CloseCode::Replaced => {
                self.next = Some(now + WHILE_BUSY);
                self.state = BridgeState::Elsewhere;
            }
            _ => self.lost(now, &reason.to_string()),
        }
    }

    /// The channel closed, or could not be opened.
    pub fn lost(&mut self, now: u64, why: &str) {
        if self.road.is_none() {
            return;
        }
        if matches!(self.state, BridgeState::Refused { .. } | BridgeState::Elsewhere) {
            if !self.hopeless && self.next.is_none() {
                self.next = Some(now + WHILE_BUSY);
            }
            return;
        }
        self.state = match &self.state {
            BridgeState::Linked(_) | BridgeState::Lost { .. } => BridgeState::Lost { why: why.to_owned() },
            _ => BridgeState::Lost { why: "No bridge answers.".to_owned() },
        };
        self.next = Some(now + self.wait);
        self.wait = (self.wait * 2).min(SLOWEST);
    }

    /// Takes the devices over from another page, now.
    pub fn take_over(&mut self, now: u64) {
        if self.road.is_some() && !matches!(self.state, BridgeState::Linked(_)) {
            self.takeover = true;
            self.state = BridgeState::Linking;
            self.next = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bridge() -> Bridge {
        Bridge::new([1; 16], Some(("ws://localhost:8830/link".into(), "token".into())), 0)
    }

    #[test]
    fn a_lost_bridge_is_dialled_again_at_growing_intervals() {
        let mut bridge = bridge();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..6 {
            assert!(bridge.dial(now).is_some());
            assert!(bridge.dial(now).is_none(), "one dial at a time");
            bridge.lost(now, "it went");
            let next = bridge.poll_timeout().unwrap();
            waits.push((next - now) / 1_000);
            now = next;
        }
        assert_eq!(waits, [250, 500, 1000, 2000, 2000, 2000]);
    }

    #[test]
    fn a_wrong_token_is_not_tried_again() {
        let mut bridge = bridge();
        bridge.dial(0);
        bridge.refused(0, &CloseCode::Unauthorized.into());
        bridge.lost(0, "closed");
        assert_eq!(bridge.poll_timeout(), None);
        assert!(matches!(bridge.state(), BridgeState::Refused { .. }));
    }

    #[test]
    fn while_another_page_has_the_bridge_it_is_asked_for_now_and_then_and_taken_over_on_request() {
        let mut bridge = bridge();
        bridge.dial(0);
        bridge.refused(0, &CloseCode::Busy.into());
        bridge.lost(0, "closed");
        assert_eq!(bridge.poll_timeout(), Some(WHILE_BUSY));
        bridge.take_over(10);
        assert!(bridge.dial(10).is_some());
        assert!(bridge.hello().takeover);
        bridge.linked(&Hello::new(BrokerId([1; 16])));
        assert!(matches!(bridge.state(), BridgeState::Linked(_)));
        assert!(!bridge.hello().takeover, "only the asked-for link takes over");
    }

    #[test]
    fn without_a_bridge_nothing_is_dialled() {
        let mut bridge = Bridge::new([1; 16], None, 0);
        assert_eq!(bridge.dial(u64::MAX), None);
        assert_eq!(*bridge.state(), BridgeState::None);
    }
}
