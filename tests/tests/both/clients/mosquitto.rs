//! mosquitto's clients as peers: `mosquitto_sub` is the connection, each message goes by a `mosquitto_pub` of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use lacewing_tests::tools;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::peer::{Command, Event, Greeting, Hands, Message, Properties};

/// A peer that is two programs.
pub(super) fn client() -> (Box<dyn Hands>, Receiver<Event>) {
    let (sender, events) = channel();
    (Box::new(Mosquitto { greeting: None, subscriber: None, sender }), events)
}

#[derive(Debug)]
struct Mosquitto {
    greeting: Option<Greeting>,
    subscriber: Option<Child>,
    sender: Sender<Event>,
}

impl Hands for Mosquitto {
    fn take(&mut self, command: Command) {
        match command {
            // `mosquitto_sub` connects when it has something to subscribe to.
            Command::Connect(greeting) => {
                self.greeting = Some(greeting);
                self.say(Event::Connected { session_present: None });
            }
            Command::Subscribe { filter, qos, subscription_id } => {
                self.subscribe(&filter, qos, subscription_id)
            }
            Command::Publish { message } => self.publish(&message),
            Command::Disconnect => self.end("-INT"),
            Command::Cut => self.end("-KILL"),
        }
    }
}

impl Mosquitto {
    fn greeting(&self) -> &Greeting {
        self.greeting.as_ref().expect("it is told where to connect first")
    }

    fn subscribe(&mut self, filter: &str, qos: u8, subscription_id: Option<u32>) {
        assert!(self.subscriber.is_none(), "mosquitto_sub subscribes once");
        let greeting = self.greeting();
        // Into a pipe it would print only when it ends.
        let mut process = tools::program("stdbuf", None);
        process.arg("-oL").arg(tools::program("mosquitto_sub", None).get_program());
        reach(&mut process, greeting);
        process.args(["-i", &greeting.client_id, "-d", "-F", "> %j", "-t", filter, "-q", &qos.to_string()]);
        if !greeting.clean {
            process.arg("-c");
        }
        if let Some(expiry) = greeting.session_expiry {
            process.args(["-x", &expiry.to_string()]);
        }
        if let Some(id) = subscription_id {
            process.args(["-D", "subscribe", "subscription-identifier", &id.to_string()]);
        }
        if let Some(will) = &greeting.will {
            let qos = will.qos.to_string();
            process.args(["--will-topic", &will.topic, "--will-payload", &will.payload, "--will-qos", &qos]);
            if will.retain {
                process.arg("--will-retain");
            }
            if greeting.version == 5 {
                put(&mut process, "will", &will.properties);
            }
        }
        let mut child = process.stdout(Stdio::piped()).spawn().expect("mosquitto_sub starts");
        let output = child.stdout.take().expect("its output is ours");
        self.subscriber = Some(child);
        let sender = self.sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let event = match line.strip_prefix("> ") {
                    Some(message) => Event::Message { message: read(message) },
                    None if line.starts_with("Subscribed (mid") => Event::Subscribed,
                    None => continue,
                };
                if sender.send(event).is_err() {
                    return;
                }
            }
            let _ = sender.send(Event::Closed);
        });
    }

    fn publish(&self, message: &Message) {
        let mut process = tools::program("mosquitto_pub", None);
        reach(&mut process, self.greeting());
        process.args(["-t", &message.topic, "-m", &message.payload, "-q", &message.qos.to_string()]);
        if message.retain {
            process.arg("-r");
        }
        if self.greeting().version == 5 {
            put(&mut process, "publish", &message.properties);
        }
        let status = process.status().expect("mosquitto_pub starts");
        self.say(if status.success() {
            Event::Published
        } else {
            Event::Error { why: format!("mosquitto_pub ended with {status}") }
        });
    }

    fn end(&mut self, signal: &str) {
        if let Some(mut child) = self.subscriber.take() {
            let status = Process::new("kill").args([signal, &child.id().to_string()]).status();
            assert!(status.is_ok_and(|status| status.success()), "mosquitto_sub can be signalled");
            child.wait().expect("a child can be waited for");
        }
    }

    fn say(&self, event: Event) {
        // A test that has ended listens no more.
        let _ = self.sender.send(event);
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if let Some(child) = &mut self.subscriber {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn reach(process: &mut Process, greeting: &Greeting) {
    let port = greeting.url.rsplit(':').next().expect("the address has a port");
    process.args(["-h", "localhost", "-p", port, "-V", if greeting.version == 5 { "5" } else { "311" }]);
    if let Some(ca) = &greeting.ca {
        process.arg("--cafile").arg(ca);
    }
}

fn put(process: &mut Process, packet: &str, properties: &Properties) {
    let mut put = |name: &str, value: &str| {
        process.args(["-D", packet, name, value]);
    };
    let Properties { user, response_topic, correlation_data, content_type, payload_format, expiry, .. } =
        properties;
    if let Some(topic) = response_topic {
        put("response-topic", topic);
    }
    if let Some(data) = correlation_data {
        put("correlation-data", data);
    }
    if let Some(content_type) = content_type {
        put("content-type", content_type);
    }
    if let Some(format) = payload_format {
        put("payload-format-indicator", &format.to_string());
    }
    if let Some(expiry) = expiry {
        put("message-expiry-interval", &expiry.to_string());
    }
    if let Some(alias) = properties.topic_alias {
        put("topic-alias", &alias.to_string());
    }
    for (name, value) in user {
        process.args(["-D", packet, "user-property", name, value]);
    }
}

/// Reads what `mosquitto_sub` prints for `%j`.
fn read(line: &str) -> Message {
    #[derive(Deserialize)]
    struct Told {
        topic: String,
        payload: String,
        qos: u8,
        retain: u8,
        #[serde(default)]
        properties: ToldProperties,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "kebab-case")]
    struct ToldProperties {
        #[serde(deserialize_with = "pairs")]
        user_properties: Vec<(String, String)>,
        response_topic: Option<String>,
        correlation_data: Option<String>,
        content_type: Option<String>,
        payload_format_indicator: Option<u8>,
        message_expiry_interval: Option<u32>,
        subscription_identifier: Option<u32>,
    }
    let told: Told = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let properties = told.properties;
    Message {
        topic: told.topic,
        payload: told.payload,
        qos: told.qos,
        retain: told.retain == 1,
        properties: Properties {
            user: properties.user_properties,
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data,
            content_type: properties.content_type,
            payload_format: properties.payload_format_indicator,
            expiry: properties.message_expiry_interval,
            topic_alias: None,
            subscription_ids: properties.subscription_identifier.into_iter().collect(),
        },
    }
}

/// It prints user properties as an object in which a name may come again.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}
