//! A sans-IO MQTT broker: the same inputs give the same bytes on every target.
//!
//! [`Broker::handle`] takes everything that happens, [`Broker::poll_output`] gives everything the host is asked to do,
//! [`Broker::transmit`] the bytes for a connection that can take some. A host handles a whole turn's inputs, then drains
//! the outputs, then commits the records among them and says [`Input::Persisted`], then transmits. Handling and
//! transmitting may both make outputs; [`Broker::poll_timeout`] asks for another turn while any are left.

mod access;
mod acknowledgements;
mod auth;
mod backlog;
mod batch;
mod broker;
mod config;
mod connack;
mod connect;
mod connection;
mod deadlines;
mod delivery;
mod disconnect;
mod encoding;
mod event;
mod fan_out;
mod flow;
mod identifiers;
mod image;
mod incoming;
mod info;
mod input;
mod jobs;
mod message;
mod metrics;
mod operator;
mod outgoing;
mod output;
mod permission;
mod persist;
mod publish;
mod query;
mod queue;
mod quota;
mod receive;
mod record;
mod recording;
mod records;
mod redirect;
mod reload;
mod resend;
mod restore;
mod retain;
mod retained;
mod retained_delivery;
mod retained_expiry;
mod route;
mod routing;
mod rules;
mod send;
mod sent_aliases;
mod session;
mod shapes;
mod shared;
mod subscribe;
mod subscription_list;
mod sys;
mod terms;
mod watch;
mod wills;
mod window;

pub use batch::Batch;
pub use broker::Broker;
pub use config::Config;
pub use event::{Ending, Event, EventKind, EventMask, NotDelivered, Preview, WillCancelled};
pub use image::{Contents, IMAGE_VERSION, ImageError, ImageReader, ImageWriter, image_memory};
pub use info::{
    ClientDetail, ClientInfo, Explanation, RetainedInfo, SubscriptionInfo, WaitingInfo, WillInfo,
};
pub use input::{CloseCause, Command, ConnId, Input, Listener, Now, Transport, Verdict};
pub use lacewing_protocol::PublishProperties;
pub use metrics::Metrics;
pub use output::{AuthRequest, AuthStep, CloseReason, Output, Seq};
pub use record::{Change, Record, Table};
pub use recording::{Call, Head, Reaction, Recorder, Recording, RecordingError, Step, Transcript};
pub use redirect::Redirect;
pub use restore::{Progress, Restore, RestoreError, RestoreStep};
pub use rules::{
    Access, AccessRule, Act, ListenerTerms, Rules, RulesError, Terms, TopicPattern, TopicPatternError, User,
};
