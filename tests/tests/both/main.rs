//! What both brokers promise, the native one and the one in a tab: clients written by others say whether it holds.

mod clients;
mod delivery;
mod first_steps;
mod sessions;
mod wills;

use lacewing_tests::lacewing::BrokerHome;
use lacewing_tests::stand::Stand;

/// Each promise becomes a test of either broker, which is started by a function of [`Stand`].
macro_rules! both_brokers {
    ($start:ident: $native:ident and $tab:ident: $($place:ident::$promise:ident,)*) => {
        mod $native {
            $(#[test] fn $promise() { super::$place::$promise(&super::Stand::$start(super::BrokerHome::Native)); })*
        }
        mod $tab {
            $(#[test] fn $promise() { super::$place::$promise(&super::Stand::$start(super::BrokerHome::Tab)); })*
        }
    };
}

both_brokers! { start: native and tab:
    first_steps::mqttjs_connects_subscribes_and_receives_its_own_message,
    first_steps::mosquitto_sub_and_mosquitto_pub_meet,
    first_steps::both_loopback_addresses_are_served,
    delivery::every_qos_version_and_transport_delivers_to_every_other,
    delivery::a_publisher_that_closes_at_once_loses_nothing,
    delivery::a_retained_message_reaches_a_late_subscriber_until_it_is_cleared,
    delivery::an_old_client_of_mqtt_3_1_takes_part,
    wills::a_will_is_published_when_a_client_is_killed,
    wills::a_will_is_not_published_after_disconnect,
    wills::a_will_is_published_when_disconnect_asks_for_it,
    sessions::a_persistent_session_gets_what_it_missed,
    sessions::a_second_client_with_the_same_id_takes_the_session_over,
}

both_brokers! { with_tls: native_with_tls and tab_with_tls:
    clients::others_clients_hear_each_other_at_every_qos,
    clients::others_clients_find_what_was_retained,
    clients::others_clients_leave_their_wills,
    clients::others_clients_get_what_they_missed,
    clients::others_clients_use_topic_aliases,
}
