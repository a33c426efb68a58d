use lacewing_protocol::{TopicFilter, TopicName};

use crate::{
    Batch, ClientDetail, ClientInfo, Config, ConnId, Explanation, Input, Metrics, Now, Output, Restore,
    RetainedInfo,
};

/// An MQTT broker without IO.
#[derive(Debug)]
pub struct Broker {
    config: Config,
    metrics: Metrics,
}

impl Broker {
    /// An empty broker. The same `seed` and inputs give the same outputs, on every target.
    pub fn new(config: Config, seed: u64, now: Now) -> Self {
        let _ = (seed, now);
        Self { config: config.checked(), metrics: Metrics::default() }
    }

    /// Starts to rebuild the broker that wrote a set of records.
    pub fn restore(config: Config, seed: u64, now: Now) -> Restore {
        Restore::new(config, seed, now)
    }

    /// Takes one input. `now` must not go backwards.
    pub fn handle(&mut self, now: Now, input: Input) {
        let _ = (now, input, &self.config);
    }

    /// The next thing the host is asked to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// Moves about `max_bytes` of what `conn` may send now to `batch`; returns whether more may go now.
    ///
    /// Call it after [`Output::Ready`], and again while it returns true and the transport takes bytes.
    pub fn transmit(&mut self, now: Now, conn: ConnId, max_bytes: usize, batch: &mut Batch) -> bool {
        let _ = (now, conn, max_bytes, batch);
        false
    }

    /// When to say [`Input::Tick`] next, in awake microseconds; not after `now` if work or outputs are left.
    pub fn poll_timeout(&self) -> Option<u64> {
        None
    }

    /// What has been counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Clients that are here and clients that are away with a session, by client id from `from` on (inclusive).
    pub fn clients(&self, from: Option<&str>, limit: u32) -> Vec<ClientInfo> {
        let _ = (from, limit);
        Vec::new()
    }

    /// Everything about one client.
    pub fn client(&self, client_id: &str) -> Option<ClientDetail> {
        let _ = client_id;
        None
    }

    /// Retained messages that `filter` matches.
    pub fn retained(&self, filter: &TopicFilter, limit: u32) -> Vec<RetainedInfo> {
        let _ = (filter, limit);
        Vec::new()
    }

    /// Whether and why `client_id` gets what is published to `topic` now.
    pub fn explain(&self, client_id: &str, topic: &TopicName) -> Explanation {
        let _ = (client_id, topic);
        Explanation {
            known: false,
            connected: false,
            matching: Vec::new(),
            granted: None,
            obstacles: Vec::new(),
            dropped: 0,
            shared: Vec::new(),
        }
    }
}
