//! The destinations and sheets of the page.

mod clients;
mod compose;
mod connect;
mod edit;
mod home;
mod keys;
mod messages;
mod no_broker;
mod stopped;
mod switcher;

pub(crate) use clients::Clients;
pub(crate) use compose::Compose;
pub(crate) use connect::Connect;
pub(crate) use edit::Edit;
pub(crate) use home::Home;
pub(crate) use keys::Keys;
pub(crate) use messages::Messages;
pub(crate) use no_broker::NoBroker;
pub(crate) use stopped::Stopped;
pub(crate) use switcher::Switcher;
