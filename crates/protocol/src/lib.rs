//! The MQTT wire format: packets, properties, reason codes, topic names and filters.
