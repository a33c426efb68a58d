//! What components need of the browser.

mod focus;
mod use_actions;
mod use_media;
mod use_page;
mod use_replay;
mod use_size;
mod use_turn;

pub(crate) use focus::{focus, focused, marked, use_card_focus};
pub(crate) use use_actions::{Actions, use_actions};
pub(crate) use use_media::use_media;
pub(crate) use use_page::{Page, go, use_page};
pub(crate) use use_replay::{Launch, Motion, use_replay};
pub(crate) use use_size::use_size;
pub(crate) use use_turn::use_turn;
