//! What the client subscribes to, remembered across connections.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lacewing_protocol::{
    Packet, PacketId, ReasonCode, Subscribe, SubscriptionOptions, TopicFilter, Unsubscribe, UserProperties,
};

use crate::event::{Event, QueueFull, Token};
use crate::incoming::Problem;
use crate::packet_ids::PacketIds;

/// The most filters in one SUBSCRIBE that the client makes up by itself, and the most bytes of them.
const RENEWED_AT_ONCE: (usize, usize) = (64, 8 * 1024);

#[derive(Debug)]
pub(crate) struct Subscriptions {
    maximum: usize,
    /// What the application wants, whether or not the server knows of it yet.
    remembered: BTreeMap<TopicFilter, SubscriptionOptions>,
    waiting: VecDeque<Request>,
    /// Sent and not yet answered, in the order in which they were sent.
    pending: VecDeque<(PacketId, Request)>,
}

#[derive(Debug)]
enum Request {
    Subscribe { token: Option<Token>, filters: Vec<(TopicFilter, SubscriptionOptions)> },
    Unsubscribe { token: Token, filters: Vec<TopicFilter> },
}

impl Subscriptions {
    pub(crate) fn new(maximum: u16) -> Self {
        Self {
            maximum: usize::from(maximum),
            remembered: BTreeMap::new(),
            waiting: VecDeque::new(),
            pending: VecDeque::new(),
        }
    }

    pub(crate) fn subscribe(
        &mut self,
        token: Token,
        filters: Vec<(TopicFilter, SubscriptionOptions)>,
    ) -> Result<(), QueueFull> {
        self.check_room(filters.len())?;
        let new: BTreeSet<_> = filters
            .iter()
            .map(|(filter, _)| filter)
            .filter(|filter| !self.remembered.contains_key(*filter))
            .collect();
        if self.remembered.len() + new.len() > self.maximum {
            return Err(QueueFull::Subscriptions);
        }
        self.remembered.extend(filters.iter().map(|(filter, options)| (filter.compact(), *options)));
        self.waiting.push_back(Request::Subscribe { token: Some(token), filters });
        Ok(())
    }

    pub(crate) fn unsubscribe(&mut self, token: Token, filters: Vec<TopicFilter>) -> Result<(), QueueFull> {
        self.check_room(filters.len())?;
        for filter in &filters {
            self.remembered.remove(filter);
        }
        self.waiting.push_back(Request::Unsubscribe { token, filters });
        Ok(())
    }

    fn check_room(&self, more: usize) -> Result<(), QueueFull> {
        let pending = self.pending.iter().map(|(_, request)| request.len());
        let unanswered: usize = self.waiting.iter().map(Request::len).chain(pending).sum();
        if more == 0 || unanswered + more > self.maximum {
            return Err(QueueFull::Subscriptions);
        }
        Ok(())
    }

    /// What the application wants at the moment.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = (&TopicFilter, &SubscriptionOptions)> {
        self.remembered.iter()
    }

    /// The next request to be sent, under a new identifier.
    pub(crate) fn next_packet(&mut self, ids: &mut PacketIds) -> Option<Packet> {
        self.waiting.front()?;
        let packet_id = ids.take()?;
        let request = self.waiting.pop_front()?;
        let packet = request.packet(packet_id);
        self.pending.push_back((packet_id, request));
        Some(packet)
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The last packet of [`next_packet`](Self::next_packet) cannot be sent: it counts as refused for this reason.
    pub(crate) fn last_was_refused(&mut self, reason: ReasonCode, ids: &mut PacketIds) -> Option<Event> {
        let (id, request) = self.pending.pop_back()?;
        ids.release(id);
        let reasons = vec![reason; request.len()];
        Some(self.finish(request, reasons))
    }

    /// SUBACK or UNSUBACK came with these reasons; UNSUBACK has none before 5.0.
    pub(crate) fn acknowledged(
        &mut self,
        ids: &mut PacketIds,
        id: PacketId,
        subscribe: bool,
        reasons: Vec<ReasonCode>,
    ) -> Result<Event, Problem> {
        let matches =
            |(pending, request): &(PacketId, Request)| *pending == id && request.is_subscribe() == subscribe;
        let found = self.pending.iter().position(matches).and_then(|at| self.pending.remove(at));
        let Some((_, request)) = found else {
            return Err((ReasonCode::ProtocolError, "an acknowledgement that nothing was waiting for"));
        };
        ids.release(id);
        let reasons =
            if reasons.is_empty() && !subscribe { vec![ReasonCode::Success; request.len()] } else { reasons };
        if reasons.len() != request.len() {
            return Err((
                ReasonCode::ProtocolError,
                "SUBACK or UNSUBACK with a wrong number of reason codes",
            ));
        }
        Ok(self.finish(request, reasons))
    }

    fn finish(&mut self, request: Request, reasons: Vec<ReasonCode>) -> Event {
        match request {
            Request::Subscribe { token, filters } => {
                let filters = filters.into_iter().map(|(filter, _)| filter);
                let results: Vec<_> = filters.zip(reasons).collect();
                for (filter, _) in results.iter().filter(|(_, reason)| reason.is_error()) {
                    self.remembered.remove(filter);
                }
                Event::Subscribed { token, results }
            }
            Request::Unsubscribe { token, filters } => {
                Event::Unsubscribed { token, results: filters.into_iter().zip(reasons).collect() }
            }
        }
    }

    /// The connection is gone, and with it the answers to what was sent: it is to be sent again.
    pub(crate) fn connection_lost(&mut self, ids: &mut PacketIds) {
        while let Some((id, request)) = self.pending.pop_back() {
            ids.release(id);
            self.waiting.push_front(request);
        }
    }

    /// The server has no session: it is told of everything that is not about to be sent anyway.
    pub(crate) fn session_lost(&mut self) {
        let mut unknown = self.remembered.clone();
        for request in &self.waiting {
            if let Request::Subscribe { filters, .. } = request {
                filters.iter().for_each(|(filter, _)| {
                    unknown.remove(filter);
                });
            }
        }
        let mut renewed: Vec<Vec<(TopicFilter, SubscriptionOptions)>> = Vec::new();
        let mut bytes = 0;
        for (filter, options) in unknown {
            let (most, most_bytes) = RENEWED_AT_ONCE;
            bytes += filter.len();
            match renewed.last_mut() {
                Some(last) if last.len() < most && bytes <= most_bytes => last.push((filter, options)),
                _ => {
                    bytes = filter.len();
                    renewed.push(vec![(filter, options)]);
                }
            }
        }
        for filters in renewed.into_iter().rev() {
            self.waiting.push_front(Request::Subscribe { token: None, filters });
        }
    }
}

impl Request {
    fn len(&self) -> usize {
        match self {
            Self::Subscribe { filters, .. } => filters.len(),
            Self::Unsubscribe { filters, .. } => filters.len(),
        }
    }

    fn is_subscribe(&self) -> bool {
        matches!(self, Self::Subscribe { .. })
    }

    fn packet(&self, packet_id: PacketId) -> Packet {
        let user_properties = UserProperties::new();
        match self {
            Self::Subscribe { filters, .. } => Packet::Subscribe(Subscribe {
                packet_id,
                filters: filters.clone(),
                subscription_identifier: None,
                user_properties,
            }),
            Self::Unsubscribe { filters, .. } => {
                Packet::Unsubscribe(Unsubscribe { packet_id, filters: filters.clone(), user_properties })
            }
        }
    }
}
