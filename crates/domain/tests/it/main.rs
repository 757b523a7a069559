//! The promises of the domain, checked from outside. They cover the fold over arbitrary histories, and everything that
//! is written and read again.

mod announcements;
mod api;
mod authors;
mod body;
mod client;
mod documents;
mod escalation;
mod examples;
mod first;
mod forget;
mod helpers;
mod history;
mod json;
mod oracle;
mod order;
mod outline;
mod record;
mod statistics;
mod statistics_figures;
mod statistics_rows;
