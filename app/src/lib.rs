//! The pages of 이웃사이 as Leptos components, for the server (`ssr`) and the browser (`hydrate`).
//!
//! Pages put [`components`] together; what a page does lives in plain modules beside them. Browser-only code runs in
//! effects and event handlers; what only the server can know comes through [`request`] and [`context`].

// Views are types, and a page's nest deeper than the compiler's default limit.
#![recursion_limit = "256"]
#![allow(
    unreachable_pub,
    reason = "leptos's macro makes `pub` functions for components, and the words are generated"
)]

pub mod alarm;
pub mod api;
mod app;
pub mod backoff;
#[cfg(feature = "ssr")]
mod calendar;
pub mod clock;
pub mod components;
pub mod context;
pub mod feed;
pub mod home;
pub mod house_calls;
mod json;
mod kept_page;
mod key;
pub mod language;
pub mod locale;
pub mod location;
pub mod map;
pub mod offline;
pub mod page_table;
pub mod pages;
pub mod part;
pub mod press;
pub mod reactive;
pub mod request;
#[cfg(test)]
mod samples;
pub mod sharing;
#[cfg(feature = "ssr")]
mod shell;
pub mod socket;
pub mod sound_rule;
mod storage;
pub mod title;
mod tracking;
pub mod words;

include!(concat!(env!("OUT_DIR"), "/i18n.rs"));

pub use app::App;
#[cfg(feature = "ssr")]
pub use shell::shell;
