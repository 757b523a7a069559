//! The office's board, with its readers, its content, and the stream that keeps an open one up to date.
//!
//! A stream has no queue. It gets the present state whenever its client has read the last one. [`crate::boards`] has
//! the boards that are open.

mod looks;
mod now;
mod plan;
mod readers;
mod stream;

pub(crate) use self::{
    now::shown,
    plan::{PLAN_ADDRESS, picture},
    readers::{entrance, has_display, holder, renewed_cookie},
    stream::calls,
};
