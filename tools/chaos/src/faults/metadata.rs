//! Asks a Kafka broker for the leaders (Kafka protocol, "Metadata API", version 1), by one request with one answer.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const METADATA: i16 = 3;
const VERSION: i16 = 1;
/// A few topics make a few hundred octets; more than this is no answer to this request.
const LONGEST: usize = 1024 * 1024;

/// The metadata of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    /// Its number.
    pub(super) number: i32,
    /// The node that leads it; -1 while none does.
    pub(super) leader: i32,
    /// The nodes that have all of it.
    pub(super) in_sync: Vec<i32>,
}

/// The partitions of a topic, as the broker at `address` knows them.
///
/// # Errors
/// Whatever keeps the broker from answering; `InvalidData` for an answer that cannot be read.
pub(super) async fn partitions(address: (&str, u16), topic: &str) -> io::Result<Vec<Partition>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&request(topic)).await?;
    let length = usize::try_from(stream.read_i32().await?).map_err(|_| wrong())?;
    if length > LONGEST {
        return Err(wrong());
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    Reader(&answer).partitions_of(topic).ok_or_else(wrong)
}

fn wrong() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is not an answer to a metadata request")
}

fn request(topic: &str) -> Vec<u8> {
    let text = |text: &str| {
        let length = i16::try_from(text.len()).expect("names are short");
        [&length.to_be_bytes()[..], text.as_bytes()].concat()
    };
    let correlation = 1_i32;
    let body = [
        &METADATA.to_be_bytes()[..],
        &VERSION.to_be_bytes(),
        &correlation.to_be_bytes(),
        &text("iutsai-bench"),
        &1_i32.to_be_bytes(),
        &text(topic),
    ]
    .concat();
    let length = i32::try_from(body.len()).expect("it is short");
    [&length.to_be_bytes()[..], &body].concat()
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn partitions_of(mut self, topic: &str) -> Option<Vec<Partition>> {
        self.i32()?;
        for _ in 0..self.i32()? {
            self.i32()?;
            self.text()?;
            self.i32()?;
            self.text()?;
        }
        self.i32()?;
        let mut found = None;
        for _ in 0..self.i32()? {
            self.i16()?;
            let name = self.text()?;
            self.take(1)?;
            let mut partitions = Vec::new();
            for _ in 0..self.i32()? {
                self.i16()?;
                let (number, leader) = (self.i32()?, self.i32()?);
                self.numbers()?;
                partitions.push(Partition { number, leader, in_sync: self.numbers()? });
            }
            if name == topic {
                found = Some(partitions);
            }
        }
        found
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Null is empty.
    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.i16()?).unwrap_or_default();
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn numbers(&mut self) -> Option<Vec<i32>> {
        (0..self.i32()?).map(|_| self.i32()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_one_broker_and_one_partition_is_read() {
        let answer = [
            &1_i32.to_be_bytes()[..],
            &1_i32.to_be_bytes(),
            &7_i32.to_be_bytes(),
            b"\x00\x01h",
            &9092_i32.to_be_bytes(),
            &(-1_i16).to_be_bytes(),
            &7_i32.to_be_bytes(),
            &1_i32.to_be_bytes(),
            &0_i16.to_be_bytes(),
            b"\x00\x01t\x00",
            &1_i32.to_be_bytes(),
            &0_i16.to_be_bytes(),
            &0_i32.to_be_bytes(),
            &7_i32.to_be_bytes(),
            &1_i32.to_be_bytes(),
            &7_i32.to_be_bytes(),
            &1_i32.to_be_bytes(),
            &7_i32.to_be_bytes(),
        ]
        .concat();
        let partition = Partition { number: 0, leader: 7, in_sync: vec![7] };
        assert_eq!(Reader(&answer).partitions_of("t"), Some(vec![partition]));
        assert_eq!(Reader(&answer).partitions_of("other"), None);
        assert_eq!(Reader(&answer[..answer.len() - 1]).partitions_of("t"), None);
    }
}
