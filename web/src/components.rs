//! The parts that views are made of.

mod ask;
mod copy;
mod device;
mod device_card;
mod glyph;
mod house;
mod house_narrow;
mod log_in;
mod navigation;
mod notices;
mod phone;
mod save_report;
mod set_point;
mod sheet;
mod status_line;

pub(crate) use ask::Ask;
pub(crate) use copy::{Copy, Snippet};
pub(crate) use device::DeviceTile;
pub(crate) use device_card::{DeviceCard, Envelope, Last};
pub(crate) use glyph::{Mark, glyph};
pub(crate) use house::{Controls, House, clients};
pub(crate) use house_narrow::HouseNarrow;
pub(crate) use log_in::LogIn;
pub(crate) use navigation::Navigation;
pub(crate) use notices::Notices;
pub(crate) use phone::Phone;
pub(crate) use save_report::SaveReport;
pub(crate) use set_point::SetPoint;
pub(crate) use sheet::SheetFrame;
pub(crate) use status_line::StatusLine;
