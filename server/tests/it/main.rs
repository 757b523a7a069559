//! The whole program as its users meet it: each test starts one of its own on port 0 and speaks to it from outside.
#![allow(clippy::unwrap_used)]

mod budgets;
mod cluster;
mod commands;
mod descriptors;
mod durable_place;
mod health;
mod lines;
mod origins;
mod pages;
mod receipts;
mod sign_in;
mod slow_clients;
mod sockets;
mod start_and_stop;
mod support;
mod survival;
mod upgrade;
