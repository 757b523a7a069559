//! The end of a socket.

use std::fmt;

use stomp::Frame;

/// The last frames of a socket, and the way in which the end came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// The ERROR frame, if there was one (STOMP 1.2, "ERROR").
    pub error: Option<Frame>,
    /// The Close frame of the server, if there was one (RFC 6455, section 5.5.1).
    pub close: Option<Close>,
    /// The fault of the connection where no Close frame came.
    pub broken: Option<String>,
}

/// The body of a WebSocket Close frame (RFC 6455, section 7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The status code; 1005 where the frame had none.
    pub code: u16,
    /// The reason in words; may be empty.
    pub reason: String,
}

impl End {
    /// The ERROR frame's `message` header, or nothing.
    #[must_use]
    pub fn message(&self) -> &str {
        self.error.as_ref().and_then(|frame| frame.get("message")).unwrap_or_default()
    }

    /// The status code of the server's Close frame.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.close.as_ref().map(|close| close.code)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(frame) => write!(f, "ERROR {:?}", self.message()).and_then(|()| match frame.text() {
                Ok("") | Err(_) => Ok(()),
                Ok(body) => write!(f, " ({body})"),
            })?,
            None => f.write_str("no ERROR")?,
        }
        match (&self.close, &self.broken) {
            (Some(Close { code, reason }), _) => write!(f, ", closed with {code} {reason:?}"),
            (None, Some(reason)) => write!(f, ", broken off: {reason}"),
            (None, None) => f.write_str(", no Close frame"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_has_the_error_the_close_code_and_the_cause() {
        let close = Close { code: 1008, reason: "too slow".into() };
        let end = End { error: Some(Frame::error("too slow")), close: Some(close), broken: None };
        assert_eq!(end.to_string(), "ERROR \"too slow\", closed with 1008 \"too slow\"");
        assert_eq!(end.code(), Some(1008));
        let end = End { broken: Some("reset".into()), ..End::default() };
        assert_eq!(end.to_string(), "no ERROR, broken off: reset");
        assert_eq!(End::default().to_string(), "no ERROR, no Close frame");
    }
}
