//! The messages that came, as many as are kept, and the part of them that is on screen.

use std::collections::VecDeque;

use lacewing_protocol::{PayloadFormatIndicator, Publish, TopicFilter, TopicName};

use super::{payload, rate::Rate};
use crate::sorted::ByName;
use crate::wire::{
    Draft, MessageDetail, MessageRow, MessagesView, SubscriptionState, SubscriptionView, Window,
};

/// How many messages are kept.
const MESSAGES: usize = 5_000;
/// How many bytes of payload and topic are kept.
const BYTES: usize = 16 * 1024 * 1024;
/// The longest payload that is given to the composer, in bytes.
const EDITABLE: usize = 16 * 1024;
/// How many subscriptions the view can hold.
pub(crate) const SUBSCRIPTIONS: usize = 100;

/// The stream behind the Messages view.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    subscriptions: ByName<SubscriptionState>,
    /// Oldest first.
    kept: VecDeque<Kept>,
    bytes: usize,
    next: u64,
    seen: u64,
    /// Since when it listens, in microseconds.
    since: Option<u64>,
    rate: Rate,
    /// When paused: what was there then, whatever comes.
    paused: Option<Paused>,
}

#[derive(Debug)]
struct Paused {
    /// The number of the first message that is not shown.
    at: u64,
    kept: VecDeque<Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    number: u64,
    at: u64,
    topic: TopicName,
    publish: Publish,
}

impl Kept {
    fn bytes(&self) -> usize {
        self.topic.as_str().len() + self.publish.payload.len() + 256
    }
}

impl Stream {
    /// A message of the Messages client, at `now` microseconds.
    pub(crate) fn message(&mut self, now: u64, topic: &TopicName, publish: &Publish) {
        self.rate.add(now, 1);
        self.seen += 1;
        // What is kept must not hold on to the buffer it arrived in.
        let publish = Publish {
            payload: publish.payload.to_vec().into(),
            properties: publish.properties.compact(),
            ..publish.clone()
        };
        let kept = Kept { number: self.next, at: now, topic: topic.compact(), publish };
        self.next += 1;
        self.bytes += kept.bytes();
        self.kept.push_back(kept);
        while self.kept.len() > MESSAGES || self.bytes > BYTES {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    /// Whether there is room for one more subscription.
    pub(crate) fn has_room(&self) -> bool {
        self.subscriptions.len() < SUBSCRIPTIONS
    }

    /// How a subscription stands from now on.
    pub(crate) fn subscription(&mut self, filter: &str, state: SubscriptionState) {
        self.subscriptions.insert(filter.into(), state);
    }

    /// What the broker answered to a subscription that is still wanted.
    pub(crate) fn answered(&mut self, filter: &str, state: SubscriptionState) {
        if let Some(known) = self.subscriptions.get_mut(filter) {
            *known = state;
        }
    }

    /// The subscription is gone.
    pub(crate) fn unsubscribed(&mut self, filter: &str) {
        self.subscriptions.remove(filter);
    }

    /// Whether any subscription was ever made or is wanted.
    pub(crate) fn is_unsubscribed(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// Hold the list still, or let it run.
    pub(crate) fn pause(&mut self, paused: bool) {
        match (paused, &self.paused) {
            (true, None) => self.paused = Some(Paused { at: self.next, kept: self.kept.clone() }),
            (true, Some(_)) => {}
            (false, _) => self.paused = None,
        }
    }

    /// Forget what came so far.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.bytes = 0;
        self.seen = 0;
        self.since = None;
        if let Some(paused) = &mut self.paused {
            *paused = Paused { at: self.next, kept: VecDeque::new() };
        }
    }

    /// What is on screen.
    pub(crate) fn view(&mut self, now: u64, window: &Window) -> MessagesView {
        if !self.subscriptions.is_empty() {
            self.since.get_or_insert(now);
        }
        let filter = Wanted::new(&window.filter);
        let rate = self.rate.per_second(now);
        let paused_at = self.paused.as_ref().map(|paused| paused.at);
        let end = paused_at.unwrap_or(self.next).min(window.until.map_or(self.next, |last| last + 1));
        let shown = || self.looked_at().iter().rev().skip_while(|kept| kept.number >= end);
        let matching = shown().filter(|kept| filter.wants(kept)).count();
        let rows = window.rows.min(Window::MAXIMUM_ROWS);
        let from = window.from.min((matching as u32).saturating_sub(rows));
        MessagesView {
            subscriptions: self
                .subscriptions
                .iter()
                .map(|(filter, state)| SubscriptionView { filter: filter.clone(), state: state.clone() })
                .collect(),
            matching: matching as u32,
            kept: self.looked_at().len() as u32,
            seen: self.seen,
            since: self.since.map(|since| since / 1_000),
            rate,
            overloaded: false,
            paused: paused_at.map(|at| self.next - at),
            newest: end.saturating_sub(1),
            newer: self.next.saturating_sub(end),
            from,
            rows: shown()
                .filter(|kept| filter.wants(kept))
                .skip(from as usize)
                .take(rows as usize)
                .map(row)
                .collect(),
            detail: window.open.and_then(|number| self.find(number)).map(|kept| Box::new(detail(kept))),
        }
    }

    /// Whether more come than anyone can follow.
    pub(crate) fn is_flood(&mut self, now: u64) -> bool {
        self.rate.per_second(now) > MessagesView::MANY
    }

    /// When a message came, its topic and its payload.
    pub(crate) fn message_at(&self, number: u64) -> Option<(u64, &str, &[u8])> {
        self.find(number).map(|kept| (kept.at, kept.topic.as_str(), &kept.publish.payload[..]))
    }

    /// The latest message on `topic`, as it was published: to be kept by the broker.
    pub(crate) fn draft_on(&self, topic: &str) -> Option<Draft> {
        let kept = self.kept.iter().rev().find(|kept| kept.topic.as_str() == topic)?;
        Some(Draft { retain: true, ..draft(kept) })
    }

    /// What there is to see: all that is kept, or what was when it was paused.
    fn looked_at(&self) -> &VecDeque<Kept> {
        self.paused.as_ref().map_or(&self.kept, |paused| &paused.kept)
    }

    fn find(&self, number: u64) -> Option<&Kept> {
        let kept = self.looked_at();
        let first = kept.front()?.number;
        kept.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }
}

/// What the filter box asks for.
enum Wanted {
    All,
    Filter(TopicFilter),
    Text(String),
}

impl Wanted {
    /// A text with a wildcard is a topic filter where it can be one; any other is looked for in the topic, and where it
    /// is no part of one by its slash, in the payload.
    fn new(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::All;
        }
        match TopicFilter::try_from(text) {
            Ok(filter) if filter.is_wildcard() => Self::Filter(filter),
            _ => Self::Text(text.to_owned()),
        }
    }

    fn wants(&self, kept: &Kept) -> bool {
        let has = |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
        };
        match self {
            Self::All => true,
            Self::Filter(filter) => filter.matches(&kept.topic),
            Self::Text(text) => {
                has(kept.topic.as_bytes(), text) || (!text.contains('/') && has(&kept.publish.payload, text))
            }
        }
    }
}

fn row(kept: &Kept) -> MessageRow {
    let (preview, text) = match payload::preview(&kept.publish.payload) {
        Some((preview, text)) => (Some(preview), text),
        None => (None, true),
    };
    MessageRow {
        number: kept.number,
        at: kept.at / 1_000,
        topic: kept.topic.as_str().into(),
        qos: kept.publish.qos.into(),
        retain: kept.publish.retain,
        dup: kept.publish.dup,
        size: u32::try_from(kept.publish.payload.len()).unwrap_or(u32::MAX),
        preview,
        text,
    }
}

fn detail(kept: &Kept) -> MessageDetail {
    let (body, cut) = payload::body(&kept.publish.payload);
    let draft = (kept.publish.payload.len() <= EDITABLE).then(|| draft(kept));
    let properties = properties(&kept.publish);
    let (journey, others, answer) = (Err(String::new()), None, None);
    MessageDetail { number: kept.number, properties, body, cut, draft, journey, others, answer }
}

fn draft(kept: &Kept) -> Draft {
    let fields = &kept.publish.properties;
    let user = fields.user_properties.iter();
    Draft {
        topic: kept.topic.as_str().into(),
        payload: kept.publish.payload.to_vec(),
        qos: kept.publish.qos.into(),
        retain: kept.publish.retain,
        content_type: fields.content_type.as_ref().map_or_else(String::new, |text| text.as_str().into()),
        response_topic: fields
            .response_topic
            .as_ref()
            .map_or_else(String::new, |topic| topic.as_str().into()),
        correlation_data: fields.correlation_data.as_ref().map_or_else(Vec::new, |data| data.to_vec()),
        expiry: fields.message_expiry_interval,
        utf8: fields.payload_format_indicator == Some(PayloadFormatIndicator::Utf8),
        user_properties: user.map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect(),
    }
}

fn properties(publish: &Publish) -> Vec<(String, String)> {
    let fields = &publish.properties;
    let mut named = Vec::new();
    let mut add = |name: &str, value: String| named.push((name.to_owned(), value));
    if let Some(indicator) = fields.payload_format_indicator {
        add("Payload Format Indicator", format!("{indicator:?}"));
    }
    if let Some(seconds) = fields.message_expiry_interval {
        add("Message Expiry Interval", format!("{seconds} s"));
    }
    if let Some(content_type) = &fields.content_type {
        add("Content Type", content_type.as_str().into());
    }
    if let Some(topic) = &fields.response_topic {
        add("Response Topic", topic.as_str().into());
    }
    if let Some(data) = &fields.correlation_data {
        add("Correlation Data", payload::preview(data).map_or_else(String::new, |(text, _)| text));
    }
    for identifier in &fields.subscription_identifiers {
        add("Subscription Identifier", identifier.to_string());
    }
    for (name, value) in fields.user_properties.iter() {
        add(name.as_str(), value.as_str().into());
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use lacewing_protocol::{PublishProperties, QoS};

    const SECOND: u64 = 1_000_000;

    fn message(stream: &mut Stream, at: u64, topic: &str, payload: &[u8]) {
        let topic = TopicName::try_from(topic).unwrap();
        let publish = Publish {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: false,
            topic: Some(topic.clone()),
            packet_id: None,
            payload: Bytes::copy_from_slice(payload),
            properties: PublishProperties::new(),
        };
        stream.message(at, &topic, &publish);
    }

    fn window(filter: &str, from: u32, rows: u32) -> Window {
        Window { filter: filter.into(), from, rows, ..Window::default() }
    }

    #[test]
    fn the_newest_message_is_the_first_row() {
        let mut stream = Stream::default();
        message(&mut stream, SECOND, "a", b"1");
        message(&mut stream, 2 * SECOND, "b", b"2");
        let view = stream.view(2 * SECOND, &window("", 0, 10));
        assert_eq!(view.rows.iter().map(|row| row.topic.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((view.matching, view.seen), (2, 2));
    }

    #[test]
    fn what_is_paused_stays_however_much_comes() {
        let mut stream = Stream::default();
        message(&mut stream, SECOND, "a", b"1");
        message(&mut stream, SECOND, "a", b"2");
        stream.pause(true);
        for _ in 0..=MESSAGES {
            message(&mut stream, 2 * SECOND, "b", b"x");
        }
        let open = Window { open: Some(0), ..window("", 0, 10) };
        let view = stream.view(2 * SECOND, &open);
        assert_eq!((view.matching, view.paused), (2, Some(MESSAGES as u64 + 1)));
        assert_eq!(view.detail.map(|detail| detail.number), Some(0));
        stream.pause(false);
        assert_eq!(stream.view(2 * SECOND, &open).matching, MESSAGES as u32);
    }

    #[test]
    fn a_text_is_looked_for_in_topics_and_payloads() {
        let mut stream = Stream::default();
        message(&mut stream, SECOND, "home/temperature", b"15.5");
        message(&mut stream, SECOND, "home/light", b"{\"state\":\"ON\",\"topic\":\"home/temperature\"}");
        let mut found = |text: &str| stream.view(SECOND, &window(text, 0, 10)).matching;
        assert_eq!((found("15.5"), found("HOME/"), found("\"on\""), found("15.6")), (1, 2, 1, 0));
        assert_eq!(found("home/temperature"), 1, "of what speaks of a topic nothing is shown");
    }

    #[test]
    fn only_the_visible_rows_are_sent() {
        let mut stream = Stream::default();
        for number in 0..1_000u64 {
            message(&mut stream, number, "a", b"x");
        }
        let view = stream.view(0, &window("", 100, 20));
        assert_eq!(view.rows.len(), 20);
        assert_eq!(view.rows[0].number, 899);
        assert_eq!(view.matching, 1_000);
    }

    #[test]
    fn a_window_below_the_last_row_shows_the_last_rows() {
        let mut stream = Stream::default();
        for number in 0..30u64 {
            message(&mut stream, number, "a", b"x");
        }
        let view = stream.view(0, &window("", 500, 20));
        assert_eq!((view.from, view.rows.len()), (10, 20));
    }

    #[test]
    fn what_is_kept_is_bounded_by_number_and_bytes() {
        let mut stream = Stream::default();
        for number in 0..6_000u64 {
            message(&mut stream, number, "a", b"x");
        }
        let view = stream.view(0, &window("", 0, 1));
        assert_eq!((view.kept, view.seen), (5_000, 6_000));
        for number in 0..40u64 {
            message(&mut stream, number, "big", &vec![0; 1 << 20]);
        }
        assert!(stream.bytes <= BYTES);
    }

    #[test]
    fn a_filter_with_a_wildcard_is_matched_and_a_text_is_searched() {
        let mut stream = Stream::default();
        message(&mut stream, 1, "home/livingroom/temperature", b"20.4");
        message(&mut stream, 2, "home/kitchen/light", b"ON");
        assert_eq!(stream.view(3, &window("home/+/light", 0, 9)).matching, 1);
        assert_eq!(stream.view(3, &window("Livingroom", 0, 9)).matching, 1);
        assert_eq!(stream.view(3, &window("", 0, 9)).matching, 2);
    }

    #[test]
    fn a_paused_list_stands_still_and_counts_what_comes() {
        let mut stream = Stream::default();
        message(&mut stream, 1, "a", b"1");
        stream.pause(true);
        message(&mut stream, 2, "b", b"2");
        let view = stream.view(3, &window("", 0, 9));
        assert_eq!((view.paused, view.rows.len(), view.rows[0].topic.as_str()), (Some(1), 1, "a"));
        stream.pause(false);
        assert_eq!(stream.view(3, &window("", 0, 9)).rows.len(), 2);
    }

    #[test]
    fn a_list_that_is_read_further_down_stands_still() {
        let mut stream = Stream::default();
        for number in 0..100u64 {
            message(&mut stream, number, "a", b"x");
        }
        let read = Window { from: 40, rows: 10, until: Some(99), ..Window::default() };
        let before = stream.view(0, &read).rows;
        message(&mut stream, 100, "a", b"x");
        let after = stream.view(0, &read);
        assert_eq!((after.rows, after.newer), (before, 1));
    }

    #[test]
    fn an_open_message_is_found_by_its_number() {
        let mut stream = Stream::default();
        message(&mut stream, 1, "a", br#"{"on":true}"#);
        let view = stream.view(3, &Window { open: Some(0), rows: 5, ..Window::default() });
        assert!(matches!(view.detail.unwrap().body, crate::wire::Body::Json(_)));
    }
}
