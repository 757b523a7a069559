//! Charts as SVG text, drawn by the server. Across they are measured in percent and down in pixels, without a viewBox,
//! so that their words keep their size at every width. Colours are classes, because the policy forbids inline styles.
//!
//! A chart is a picture with a name, and a table behind it has its values.

mod bars;
mod columns;
mod heat;
mod svg;

pub(crate) use bars::{Bar, bars, share};
pub(crate) use columns::{Column, columns};
pub(crate) use heat::{heat, heat_step};
