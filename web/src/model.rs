//! From MQTT messages and control answers to what the page shows.
