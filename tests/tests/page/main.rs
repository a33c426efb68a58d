//! What holds on every view of the page.

mod accessible;
mod addresses;
mod focus;
mod keyboard;
mod leaving;
mod movement;
mod narrow;
mod stopped;
mod wires;
