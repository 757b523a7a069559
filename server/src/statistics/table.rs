//! A table for other programs, as CSV and as Parquet.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::Type,
};

/// A column's name and type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    Text(&'static str),
    Number(&'static str),
}

/// A value, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Number(i64),
    None,
}

/// A table.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Number(name) => name,
        }
    }
}

impl From<Option<i64>> for Cell {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }
}

/// Makes a text harmless, because a spreadsheet would mistake one that begins like this for a formula (OWASP, "CSV
/// Injection").
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

impl Table {
    /// Writes the table as CSV in UTF-8 with a byte order mark, without which Excel takes Korean for another encoding.
    pub(super) fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer("\u{feff}".as_bytes().to_vec());
        writer.write_record(self.columns.iter().map(|column| column.name()))?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| match cell {
                Cell::Text(text) => harmless(text),
                Cell::Number(number) => number.to_string(),
                Cell::None => String::new(),
            }))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }

    /// Writes the table as Parquet.
    pub(super) fn to_parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let fields = self.columns.iter().map(|column| field(*column)).collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder(self.name).with_fields(fields).build()?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut octets = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut octets, Arc::new(schema), Arc::new(properties))?;
        let mut group = writer.next_row_group()?;
        for (index, column) in self.columns.iter().enumerate() {
            let cells = || self.rows.iter().map(move |row| row.get(index).unwrap_or(&Cell::None));
            // 1 where there is a value.
            let levels: Vec<i16> = cells().map(|cell| i16::from(*cell != Cell::None)).collect();
            let Some(mut into) = group.next_column()? else { break };
            match column {
                Column::Text(_) => {
                    let text = |cell: &Cell| match cell {
                        Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                        Cell::Number(number) => Some(ByteArray::from(number.to_string().as_str())),
                        Cell::None => None,
                    };
                    let values: Vec<ByteArray> = cells().filter_map(text).collect();
                    into.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
                }
                Column::Number(_) => {
                    let number = |cell: &Cell| match cell {
                        Cell::Number(number) => Some(*number),
                        Cell::Text(_) | Cell::None => None,
                    };
                    let values: Vec<i64> = cells().filter_map(number).collect();
                    into.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
                }
            }
            into.close()?;
        }
        group.close()?;
        writer.close()?;
        Ok(octets)
    }
}

fn field(column: Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match column {
        Column::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Column::Number(_) => (Physical::INT64, None),
    };
    let field = Type::primitive_type_builder(column.name(), physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    field.build().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;

    fn table() -> Table {
        let texts = ["=1+1", "@a", "1203", "\u{c774}\u{c6c3}, \"\u{c0ac}\u{c774}\""];
        let row = |(text, number): (&str, i64)| {
            let number = if number == 2 { Cell::None } else { Cell::Number(-number) };
            vec![Cell::Text(text.to_owned()), number]
        };
        let rows = texts.into_iter().zip(0..).map(row).collect();
        Table { name: "rows", columns: vec![Column::Text("text"), Column::Number("number")], rows }
    }

    #[test]
    fn no_cell_of_a_csv_file_is_a_formula() {
        let csv = String::from_utf8(table().to_csv().unwrap()).unwrap();
        let expected = "\u{feff}text,number\r\n'=1+1,0\r\n'@a,-1\r\n1203,\r\n\
                        \"\u{c774}\u{c6c3}, \"\"\u{c0ac}\u{c774}\"\"\",-3\r\n";
        assert_eq!(csv, expected);
    }

    #[test]
    fn a_parquet_file_has_every_row() {
        let octets = Bytes::from(table().to_parquet().unwrap());
        let reader = SerializedFileReader::new(octets).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(rows.len(), 4);
        assert!(rows[0].contains("=1+1") && rows[2].contains("null"), "{rows:?}");
    }
}
