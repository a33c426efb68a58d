//! Clients written by others (mosquitto's, mqtt.js, paho-mqtt and rumqttc), each in 3.1.1 and 5.0 and over every transport it
//! has, do with one broker and with each other what MQTT promises.

mod cast;
mod mosquitto;
mod peer;
mod rumqttc;
mod script;

use lacewing_tests::lacewing::BrokerHome;
use lacewing_tests::stand::Stand;

use self::cast::Cast;
use self::peer::{Greeting, Message, Peer};

/// Everyone publishes at every QoS, in 5.0 with every property there is, and everyone hears everyone: the same topic, payload
/// and QoS, in 5.0 the same properties ([MQTT-3.3.2-4], [MQTT-3.3.2-15], [MQTT-3.3.2-16], [MQTT-3.3.2-17],
/// [MQTT-3.3.2-20]), and with them the Subscription Identifier that the hearer asked for ([MQTT-3.3.4-3]).
pub(crate) fn others_clients_hear_each_other_at_every_qos(stand: &Stand) {
    let mut cast = Cast::of(stand);
    cast.greet(Peer::greeting);
    cast.subscribe("cross/#");
    let said = cast.publish("cross", false);
    cast.all_hear(&said, false);
}

/// A message from before is marked so ([MQTT-3.3.1-9]).
pub(crate) fn others_clients_find_what_was_retained(stand: &Stand) {
    let mut cast = Cast::of(stand);
    cast.greet(Peer::greeting);
    let said = cast.publish("kept", true);
    cast.subscribe("kept/#");
    cast.all_hear(&said, true);
}

/// Those over TCP hear of the others that are lost, then the others of those ([MQTT-3.1.2-8], §3.1.3.2).
pub(crate) fn others_clients_leave_their_wills(stand: &Stand) {
    let mut cast = Cast::of(stand);
    let with_will = |peer: &Peer| Greeting { will: Some(peer.say("left", 1, false)), ..peer.greeting() };
    cast.greet(with_will);
    let wills: Vec<Message> = cast.peers.iter().map(|peer| peer.say("left", 1, false)).collect();
    cast.subscribe("left/#");
    for tcp_is_lost in [false, true] {
        let (lost, witnesses): (Vec<usize>, Vec<usize>) =
            (0..cast.peers.len()).partition(|&index| (cast.peers[index].transport == "tcp") == tcp_is_lost);
        lost.iter().for_each(|&index| cast.peers[index].cut());
        let due: Vec<Message> = lost.iter().map(|&index| wills[index].clone()).collect();
        cast.hear(&witnesses, &due, false);
        for index in lost {
            let peer = &mut cast.peers[index];
            peer.greet(peer.greeting());
            peer.connected();
            cast.one_subscribes(index, "left/#");
        }
    }
}

/// What was published meanwhile comes when they are back: all of it, and in order within a QoS ([MQTT-3.1.2-5]).
pub(crate) fn others_clients_get_what_they_missed(stand: &Stand) {
    let mut cast = Cast::of(stand);
    let lasting = |peer: &Peer| Greeting {
        clean: false,
        session_expiry: peer.is_v5().then_some(300),
        ..peer.greeting()
    };
    cast.greet(lasting);
    cast.subscribe("missed/#");
    cast.peers.iter_mut().for_each(Peer::disconnect);

    let mut author = Cast::of(stand).peers.swap_remove(0);
    author.name = "author".to_owned();
    author.greet(author.greeting());
    author.connected();
    let said: Vec<Message> =
        (0..8).map(|number| author.say(&format!("missed/{number}"), 1 + number % 2, false)).collect();
    for message in &said {
        author.publish(message.clone());
        author.published();
    }

    for (index, present) in cast.greet(lasting).into_iter().enumerate() {
        assert!(present.unwrap_or(true), "the session of {} is there", cast.peers[index].name);
    }
    // mosquitto_sub connects only now.
    cast.subscribe("missed/#");
    for peer in &mut cast.peers {
        let heard: Vec<Message> = said.iter().map(|_| peer.message()).collect();
        for qos in 1..=2 {
            assert_eq!(topics(&heard, qos), topics(&said, qos), "{} at QoS {qos}", peer.name);
        }
    }
}

/// The second message of each has an alias for its topic and no name; everyone hears it under its name ([MQTT-3.3.2-12],
/// §3.3.2.3.4).
pub(crate) fn others_clients_use_topic_aliases(stand: &Stand) {
    let mut cast = Cast::of(stand);
    cast.peers.retain(|peer| peer.is_v5() || peer.transport == "tcp");
    cast.greet(Peer::greeting);
    cast.subscribe("short/#");
    let mut said = Vec::new();
    for peer in cast.peers.iter_mut().filter(|peer| peer.is_v5()) {
        let mut message = peer.say("short", 1, false);
        message.properties.topic_alias = Some(3);
        // mosquitto_pub has a connection for each message, and so one use for an alias.
        let times = if peer.name.starts_with("mosquitto") { 1 } else { 2 };
        for time in 0..times {
            let topic = if time == 0 { message.topic.clone() } else { String::new() };
            peer.publish(Message { topic, ..message.clone() });
            peer.published();
            said.push(message.clone());
        }
    }
    cast.all_hear(&said, false);
}

/// Where the settings let it, the broker uses aliases too, and those of its topics that have one arrive under their names
/// ([MQTT-3.1.2-26], [MQTT-3.1.2-27], [MQTT-3.3.2-11]).
#[test]
fn aliases_from_the_broker_are_understood() {
    let settings = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&settings, "[limits]\ntopic_aliases_sent = 4\n").expect("it can be written");
    let path = settings.path().to_str().expect("its name is text");
    let stand = Stand::start_with(BrokerHome::Native, &["--config", path]);
    let mut cast = Cast::of(&stand);
    cast.peers.retain(Peer::is_v5);
    // mosquitto's clients take none, paho-mqtt leaves them to its user, and rumqttc tells its user of the message before it
    // has looked the alias up.
    cast.greet(|peer| Greeting {
        topic_alias_maximum: peer.name.starts_with("mqttjs").then_some(3),
        ..peer.greeting()
    });
    cast.subscribe("sent/#");
    for _ in 0..3 {
        // At QoS 2, mqtt.js forgets what an alias stands for before it has the PUBREL.
        let said = cast.publish_up_to(1, "sent", false);
        cast.all_hear(&said, false);
    }
}

fn topics(messages: &[Message], qos: u8) -> Vec<&str> {
    messages.iter().filter(|message| message.qos == qos).map(|message| message.topic.as_str()).collect()
}
