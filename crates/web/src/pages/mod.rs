//! The pages. Each file has its routes, handlers and HTML.

mod account;
mod accounts;
mod activity;
mod bin;
mod bulk;
mod calendar;
mod changes;
mod differences;
mod due;
mod getting_started;
mod history;
mod import;
mod integrations;
mod list;
mod my_day;
pub(crate) mod names;
mod preferences;
mod settings;
mod setup;
pub(crate) mod sign_in;
mod told;

use axum::Router;

use crate::Web;

pub(crate) use import::Uploads;

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .merge(setup::routes())
        .merge(sign_in::routes())
        .merge(getting_started::routes())
        .merge(my_day::routes())
        .merge(list::routes())
        .merge(told::routes())
        .merge(activity::routes())
        .merge(history::routes())
        .merge(bulk::routes())
        .merge(bin::routes())
        .merge(import::routes())
        .merge(accounts::routes())
        .merge(changes::routes())
        .merge(integrations::routes())
        .merge(settings::routes())
        .merge(preferences::routes())
        .merge(calendar::routes())
}
