//! A sans-IO MQTT broker: the same inputs give the same bytes on every target.
