//! What was typed, made into MQTT or into a sentence that says why not.

use bytes::Bytes;
use lacewing_protocol::{
    PayloadFormatIndicator, PublishProperties, QoS, RetainHandling, SubscriptionOptions, TopicFilter,
    TopicName, UserProperties, Utf8String,
};

use super::{Effect, Errand, Who};
use crate::wire::{Draft, SubscribeOptions};

/// The publish a draft asks for.
///
/// # Errors
/// A sentence for the composer.
pub(crate) fn publish(draft: Draft, errand: Errand) -> Result<Effect, String> {
    let topic = topic(&draft.topic)?;
    let qos = qos(draft.qos)?;
    if draft.utf8 && std::str::from_utf8(&draft.payload).is_err() {
        return Err("The payload is declared as text, but is not UTF-8.".into());
    }
    let mut properties = PublishProperties::new();
    if draft.utf8 {
        properties.payload_format_indicator = Some(PayloadFormatIndicator::Utf8);
    }
    if let Some(seconds) = draft.expiry {
        properties.message_expiry_interval = Some(seconds);
    }
    if !draft.response_topic.is_empty() {
        let response = TopicName::try_from(draft.response_topic.as_str())
            .map_err(|error| format!("The response topic {error}."))?;
        properties.response_topic = Some(response);
    }
    if !draft.correlation_data.is_empty() {
        if draft.correlation_data.len() > usize::from(u16::MAX) {
            return Err("Correlation data is at most 65 535 bytes.".into());
        }
        properties.correlation_data = Some(Bytes::from(draft.correlation_data));
    }
    if !draft.content_type.is_empty() {
        properties.content_type = Some(string("The content type", &draft.content_type)?);
    }
    if !draft.user_properties.is_empty() {
        let mut user = UserProperties::new();
        for (name, value) in &draft.user_properties {
            user.push(
                string("The name of a user property", name)?,
                string("The value of a user property", value)?,
            );
        }
        properties.user_properties = user;
    }
    Ok(Effect::Publish {
        client: Who::Messages,
        errand,
        topic,
        payload: Bytes::from(draft.payload),
        qos,
        retain: draft.retain,
        properties,
    })
}

/// A filter and options as typed.
///
/// # Errors
/// A sentence for the form.
pub(crate) fn subscription(
    text: &str,
    options: SubscribeOptions,
) -> Result<(TopicFilter, SubscriptionOptions), String> {
    let filter = filter(text)?;
    if options.no_local && filter.share_name().is_some() {
        return Err("A shared subscription cannot leave out one's own messages.".into());
    }
    let retain_handling = match options.retain_handling {
        0 => RetainHandling::SendAlways,
        1 => RetainHandling::SendIfNew,
        _ => RetainHandling::DoNotSend,
    };
    let options = SubscriptionOptions {
        qos: qos(options.qos)?,
        no_local: options.no_local,
        retain_as_published: options.retain_as_published,
        retain_handling,
    };
    Ok((filter, options))
}

/// A topic filter as typed.
///
/// # Errors
/// A sentence for the form.
pub(crate) fn filter(text: &str) -> Result<TopicFilter, String> {
    TopicFilter::try_from(text).map_err(|error| format!("The filter {error}."))
}

pub(crate) fn topic(text: &str) -> Result<TopicName, String> {
    if text.contains(['+', '#']) {
        return Err("A message goes to one topic: + and # belong in subscriptions.".into());
    }
    TopicName::try_from(text).map_err(|error| format!("The topic {error}."))
}

fn qos(level: u8) -> Result<QoS, String> {
    QoS::try_from(level).map_err(|error| format!("{error}."))
}

fn string(what: &str, text: &str) -> Result<Utf8String, String> {
    Utf8String::try_from(text).map_err(|error| format!("{what} {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_in_a_topic_is_explained() {
        let why =
            publish(Draft { topic: "home/#".into(), ..Draft::default() }, Errand::Composer).unwrap_err();
        assert!(why.contains("subscriptions"), "{why}");
    }

    #[test]
    fn an_empty_topic_is_refused_in_words() {
        assert_eq!(publish(Draft::default(), Errand::Composer).unwrap_err(), "The topic is empty.");
    }

    #[test]
    fn properties_left_empty_are_not_sent() {
        let Effect::Publish { properties, .. } =
            publish(Draft { topic: "a".into(), ..Draft::default() }, Errand::Composer).unwrap()
        else {
            panic!("not a publish")
        };
        assert!(properties.is_empty());
    }

    #[test]
    fn a_filter_is_checked_before_it_is_sent() {
        assert!(subscription("home/#/x", SubscribeOptions::default()).is_err());
        assert!(subscription("home/#", SubscribeOptions::default()).is_ok());
    }
}
