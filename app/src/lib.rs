//! The pages of 이웃사이 as Leptos components, for the server (`ssr`) and the browser (`hydrate`).
//!
//! Pages put [`components`] together; what a page does lives in plain modules beside them. Browser-only code runs in
//! effects and event handlers; what only the server can know comes through [`request`] and [`context`].

mod app;
pub mod components;
pub mod context;
pub mod locale;
pub mod pages;
pub mod request;
pub mod words;

include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));

pub use app::App;
#[cfg(feature = "ssr")]
pub use app::shell;
