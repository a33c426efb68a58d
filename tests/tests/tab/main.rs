//! What is special about a broker that lives in a tab: tabs close, reload, and are not alone.

mod absence;
mod doors;
mod kept;
mod not_kept;
mod return_of_the_tab;
mod several_tabs;
