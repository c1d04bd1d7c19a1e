//! Clento's backend: leads, campaigns and their sends, kept in one Postgres and served over REST.
//!
//! The crate is a house of floors, listed here from the ground up. **Imports go down only** and rooms on one floor do not import each
//! other, but for three neighbours that `tests/architecture/floors.rs` names with their reasons; it holds the list of floors and fails on
//! any other import. One noun has one file name on every floor: to follow
//! a lead from the wire to the table, read `leads.rs` in `routers`, `controllers`, `dto`, `services`, `models` and `repositories`.

pub mod errors;
pub mod utils;

pub mod config;

pub mod models;

pub mod integrations;
pub mod repositories;

pub mod engine;

pub mod services;

pub mod state;

pub mod dto;
pub mod middleware;
pub mod workers;

pub mod controllers;

pub mod routers;

pub mod app;
