//! The board of an organization: all current activities, column by column, in memory. The room `lists` answers
//! queries from it.
//!
//! The result of a filter is a set of bits, found by scanning the columns once; a page
//! is a walk along an order that is kept for each column; words are looked up in the store's index. All of
//! it is derived from the log, built on first use, and updated from the log before each answer, outside
//! the commit.
//!
//! To add a condition, add it to [`Filter`](query::Filter) and check its column in `filter.rs`. To add a sort order, add it
//! to [`Column`](query::Column), and define the comparison in `order.rs`.

pub(crate) mod bitmap;
#[expect(clippy::module_inception, reason = "the board is what it is all about")]
pub(crate) mod board;
pub(crate) mod codes;
pub(crate) mod columns;
pub(crate) mod filter;
pub(crate) mod names;
pub(crate) mod order;
pub(crate) mod place;
pub(crate) mod preparing;
pub(crate) mod query;
pub(crate) mod subjects;
pub(crate) mod tails;
pub(crate) mod words;
