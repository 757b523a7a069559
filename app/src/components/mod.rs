//! The parts that pages are made of, one concern a file.

mod alarm_panel;
mod arm_banner;
mod call_button;
mod call_details;
#[cfg(feature = "ssr")]
pub(crate) mod charts;
mod command;
mod confirm_dialog;
mod connection_pill;
mod header;
mod house_actions;
mod house_card;
mod house_facts;
mod incident_card;
mod incident_list;
mod incident_words;
mod language_switch;
mod ledger;
mod location_offer;
#[cfg(feature = "ssr")]
mod office_page;
mod own_call;
mod own_call_words;
mod plain_header;
mod reach_now;
mod show_where;
mod small_print;

pub use alarm_panel::AlarmPanel;
pub use arm_banner::ArmBanner;
pub use call_button::CallButton;
pub use call_details::CallDetails;
pub use header::Header;
pub use incident_list::IncidentList;
#[cfg(feature = "ssr")]
pub(crate) use incident_words::escalated;
pub use language_switch::LanguageSwitch;
#[cfg(feature = "ssr")]
pub use office_page::Unchecked;
#[cfg(feature = "ssr")]
pub(crate) use office_page::{fault_words, office_page};
pub use own_call::OwnCall;
pub use own_call_words::own_call_words;
pub use plain_header::PlainHeader;
pub use reach_now::ReachNow;
pub use small_print::SmallPrint;
