//! One MQTT client session, sans-IO.
