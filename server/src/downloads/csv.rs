//! Tables as comma-separated values (RFC 4180), fit for spreadsheet programs.

use std::fmt::Display;

/// Without it spreadsheet programs do not read UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A table that grows.
pub(crate) struct Csv(String);

impl Csv {
    /// Returns a table with these columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let mut csv = Self(BYTE_ORDER_MARK.to_string());
        csv.row(columns);
        csv
    }

    /// Adds a row.
    pub(crate) fn row<T: Display>(&mut self, cells: &[T]) {
        for (index, text) in cells.iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            self.0.push_str(&cell(&text.to_string()));
        }
        self.0.push_str("\r\n");
    }

    /// Returns the table.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// Returns a cell that no spreadsheet program mistakes for a formula, because names of lines and flats are written by
/// people.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_keeps_its_text() {
        for (text, written) in [
            ("101-1", "101-1"),
            ("=1+2", "'=1+2"),
            ("+82", "'+82"),
            ("-1", "'-1"),
            ("@here", "'@here"),
            ("\tx", "'\tx"),
            ("\r=1", "\"'\r=1\""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=\"a\"", "\"'=\"\"a\"\"\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }

    #[test]
    fn a_table_begins_with_its_columns_behind_the_mark() {
        let mut csv = Csv::new(&["line", "calls"]);
        csv.row(&["101-1".to_owned(), 3.to_string()]);
        assert_eq!(csv.into_text(), "\u{feff}line,calls\r\n101-1,3\r\n");
    }
}
