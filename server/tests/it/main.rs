//! The whole program as its users meet it. Each test starts one of its own on port 0 and uses it from outside.
#![allow(clippy::unwrap_used)]

mod account_changes;
mod audit;
mod authorization;
mod authors;
mod budgets;
mod canary;
mod cluster;
mod commands;
mod descriptors;
mod durable_place;
mod every_line;
mod forms;
mod health;
mod lines;
mod locations;
mod origins;
mod pages;
mod people;
mod places;
mod push;
mod reach;
mod receipts;
mod sign_in;
mod site_plan;
mod slow_clients;
mod sockets;
mod start_and_stop;
mod statistics;
mod statistics_page;
mod strangers;
mod support;
mod survival;
mod towns;
mod upgrade;
mod webhook;
