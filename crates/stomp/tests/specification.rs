//! The specifications' own examples and rules, one by one. `^@` is NUL.

mod support;

use Version::{V1_1, V1_2};
use stomp::{Command, Decoder, Error, Frame, Incoming, Limits, Version, encode};
use support::{decode_whole, only_error, only_frame};

fn bytes(text: &str) -> Vec<u8> {
    text.replace("^@", "\0").into_bytes()
}

#[test]
fn a_send_frame_is_read() {
    let send = "SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello queue a\n^@";
    let frame = only_frame(&bytes(send), V1_2);
    assert_eq!(frame.command, Command::Send);
    assert_eq!(frame.get("destination"), Some("/queue/a"));
    assert_eq!(frame.get("content-type"), Some("text/plain"));
    assert_eq!(frame.text(), Ok("hello queue a\n"));
}

#[test]
fn a_message_is_written_with_its_content_length_last() {
    let message = Frame::new(Command::Message)
        .header("destination", "/sub/line/101-1")
        .header("subscription", "0")
        .body("살려주세요");
    assert_eq!(
        encode(&message, V1_2),
        bytes("MESSAGE\ndestination:/sub/line/101-1\nsubscription:0\ncontent-length:15\n\n살려주세요^@")
    );
}

#[test]
fn a_frame_without_a_body_is_written_without_content_length() {
    let receipt = Frame::receipt("77");
    assert_eq!(encode(&receipt, V1_2), bytes("RECEIPT\nreceipt-id:77\n\n^@"));
}

#[test]
fn of_repeated_headers_the_first_counts() {
    let frame = only_frame(&bytes("MESSAGE\nfoo:World\nfoo:Hello\n\n^@"), V1_2);
    assert_eq!(frame.get("foo"), Some("World"));
    assert_eq!(frame.headers.len(), 2);
}

#[test]
fn of_repeated_content_lengths_the_first_counts() {
    let send = "SEND\ncontent-length:3\ncontent-length:1\n\na^@b^@";
    assert_eq!(only_frame(&bytes(send), V1_2).body, b"a\0b");
}

#[test]
fn header_names_are_compared_with_their_case_and_spaces() {
    let frame = only_frame(&bytes("SEND\n Foo : bar \n\n^@"), V1_2);
    assert_eq!(frame.get(" Foo "), Some(" bar "));
    assert_eq!(frame.get("foo"), None);
}

#[test]
fn a_header_may_have_an_empty_value() {
    let frame = only_frame(&bytes("SEND\nfoo:\n\n^@"), V1_1);
    assert_eq!(frame.get("foo"), Some(""));
}

#[test]
fn a_content_length_of_the_caller_is_not_written() {
    let send = Frame::new(Command::Send).header("content-length", "1").body("abc");
    assert_eq!(encode(&send, V1_2), bytes("SEND\ncontent-length:3\n\nabc^@"));
}

#[test]
fn nul_in_a_body_is_read_within_content_length() {
    let frame = only_frame(b"SEND\ncontent-length:3\n\n\0\n\0\0", V1_2);
    assert_eq!(frame.body, b"\0\n\0");
    assert_eq!(frame.headers, []);
}

#[test]
fn escapes_of_1_2_are_written_and_read() {
    let frame = Frame::new(Command::Send).header("a:b", "\r\n\\:");
    let written = bytes("SEND\na\\cb:\\r\\n\\\\\\c\n\n^@");
    assert_eq!(encode(&frame, V1_2), written);
    assert_eq!(only_frame(&written, V1_2), frame);
}

#[test]
fn escapes_of_1_1_have_none_for_cr() {
    let frame = Frame::new(Command::Send).header("a:b", "\r\n\\:\r");
    let written = bytes("SEND\na\\cb:\r\\n\\\\\\c\r\n\n^@");
    assert_eq!(encode(&frame, V1_1), written);
    assert_eq!(only_frame(&written, V1_1), frame);
}

#[test]
fn connect_stomp_and_connected_are_not_escaped() {
    for command in [Command::Connect, Command::Stomp, Command::Connected] {
        for version in Version::SUPPORTED {
            let frame = Frame::new(command).header("passcode", "a:\\n\\t\\");
            let written = bytes(&format!("{command}\npasscode:a:\\n\\t\\\n\n^@"));
            assert_eq!(encode(&frame, version), written);
            assert_eq!(only_frame(&written, version), frame);
        }
    }
}

#[test]
fn a_line_end_in_a_connect_header_cannot_smuggle_in_another() {
    let connect = Frame::new(Command::Connect).header("passcode", "x\nlogin:admin\r");
    let read = only_frame(&encode(&connect, V1_2), V1_2);
    assert_eq!(read.get("login"), None);
    assert_eq!(read.get("passcode"), Some("x\\nlogin:admin\\r"));
}

#[test]
fn a_colon_in_a_value_is_read_even_where_the_peer_did_not_escape_it() {
    let frame = only_frame(&bytes("SEND\ndestination:amqp://a:1\n\n^@"), V1_2);
    assert_eq!(frame.get("destination"), Some("amqp://a:1"));
}

#[test]
fn undefined_escapes_are_fatal() {
    for (version, escape) in [(V1_2, "\\t"), (V1_1, "\\t"), (V1_1, "\\r")] {
        let error = only_error(&bytes(&format!("SEND\nfoo:a{escape}b\n\n^@")), version);
        assert_eq!(error, Error::UndefinedEscape(escape.to_owned()));
    }
    let at_the_end = only_error(&bytes("SEND\nfoo:a\\\n\n^@"), V1_2);
    assert_eq!(at_the_end, Error::UndefinedEscape("\\".to_owned()));
}

#[test]
fn cr_before_lf_belongs_to_the_line_end_in_1_2_only() {
    let with_cr = bytes("SEND\nfoo:bar\r\n\n^@");
    assert_eq!(only_frame(&with_cr, V1_2).get("foo"), Some("bar"));
    assert_eq!(only_frame(&with_cr, V1_1).get("foo"), Some("bar\r"));
    let command = only_error(&bytes("SEND\r\n\n^@"), V1_1);
    assert_eq!(command, Error::UnknownCommand("SEND\\r".to_owned()));
}

#[test]
fn a_stray_cr_is_fatal_in_1_2() {
    for line in ["foo:a\rb", "foo:a\r\r", "f\ro:a"] {
        let error = only_error(&bytes(&format!("SEND\n{line}\n\n^@")), V1_2);
        assert_eq!(error, Error::StrayCarriageReturn);
    }
}

#[test]
fn line_ends_between_frames_are_heart_beats() {
    let stream = bytes("\n\r\nSEND\n\n^@\n\nSEND\n\n^@");
    let send = || Incoming::Frame(Frame::new(Command::Send));
    let beat = || Incoming::Heartbeat;
    assert_eq!(decode_whole(&stream, V1_2), (vec![beat(), beat(), send(), beat(), beat(), send()], None));
}

#[test]
fn frames_of_another_version_may_follow_in_the_same_bytes() {
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(&bytes("CONNECT\r\naccept-version:1.1\r\n\r\n^@SEND\nfoo:\r\n\n^@"));
    let Ok(Some(Incoming::Frame(connect))) = decoder.next() else {
        panic!("no CONNECT");
    };
    let version = connect.get("accept-version").and_then(Version::negotiate);
    decoder.set_version(version.expect("1.1 is spoken"));
    let send = Frame::new(Command::Send).header("foo", "\r");
    assert_eq!(decoder.next(), Ok(Some(Incoming::Frame(send))));
}

#[test]
fn an_unknown_command_is_named() {
    for (sent, named) in [
        ("HELLO\n", "HELLO"),
        ("send\n", "send"),
        ("SEND \n", "SEND "),
        ("GET / HTTP/1.1\n", "GET / HTTP/1"),
        ("a line that never ends", "a line that "),
        ("DISCONNECT^@", "DISCONNECT"),
        ("\rSEND\n", "\\rSEND"),
    ] {
        let error = only_error(&bytes(sent), V1_2);
        assert_eq!(error, Error::UnknownCommand(named.to_owned()));
    }
}

#[test]
fn header_lines_that_are_not_headers_are_refused() {
    for (line, error) in [
        ("foo", Error::HeaderWithoutColon("foo".to_owned())),
        (":bar", Error::HeaderWithoutName),
        ("^@", Error::MissingBlankLine),
    ] {
        assert_eq!(only_error(&bytes(&format!("ACK\n{line}\n\n^@")), V1_2), error);
    }
    assert_eq!(only_error(b"ACK\na:\xff\n\n\0", V1_2), Error::HeaderNotUtf8);
}

#[test]
fn a_missing_blank_line_is_detected_without_waiting_for_more() {
    let error = only_error(&bytes("DISCONNECT\nreceipt:77\n^@"), V1_2);
    assert_eq!(error, Error::MissingBlankLine);
}

#[test]
fn a_content_length_that_is_not_a_number_is_refused() {
    for value in ["", "-1", "+1", " 1", "1 ", "0x1", "one", "１"] {
        let send = format!("SEND\ncontent-length:{value}\n\na^@");
        let error = only_error(&bytes(&send), V1_2);
        assert_eq!(error, Error::BadContentLength(value.escape_default().to_string()));
    }
}

#[test]
fn a_body_must_end_where_content_length_states() {
    let error = only_error(&bytes("SEND\ncontent-length:2\n\nabc^@"), V1_2);
    assert_eq!(error, Error::BodyNotTerminated(2));
}

#[test]
fn a_body_is_allowed_for_send_message_and_error_only() {
    for command in Command::ALL {
        for head in ["content-length:1\n\n", "\n"] {
            let frame = bytes(&format!("{command}\n{head}x^@"));
            if command.may_have_body() {
                assert_eq!(only_frame(&frame, V1_2).body, b"x");
            } else {
                assert_eq!(only_error(&frame, V1_2), Error::BodyNotAllowed(command));
            }
        }
    }
}

#[test]
fn an_error_stays() {
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(&bytes("SEND\n\n^@HELLO\n"));
    assert!(matches!(decoder.next(), Ok(Some(Incoming::Frame(_)))));
    let error = Err(Error::UnknownCommand("HELLO".to_owned()));
    assert_eq!(decoder.next(), error);
    decoder.push(&bytes("SEND\n\n^@"));
    assert_eq!(decoder.next(), error);
}

#[test]
fn an_error_is_a_sentence_that_quotes_little_and_harmlessly() {
    let line = format!("\x1b[2J{}", "x".repeat(500));
    let error = only_error(&bytes(&format!("SEND\n{line}\n\n^@")), V1_2);
    let sentence = error.to_string();
    assert!(sentence.starts_with("The header line \"\\u{1b}[2Jxxx"), "{sentence}");
    assert!(sentence.ends_with("x…\" has no colon."), "{sentence}");
    assert!(sentence.chars().count() < 90, "{sentence}");
}

#[test]
fn credentials_are_not_shown_by_debug() {
    let connect = Frame::new(Command::Connect)
        .header("Authorization", "Bearer secret-1")
        .header("passcode", "secret-2")
        .header("login", "resident-1203");
    let shown = format!("{connect:?}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("resident-1203"), "{shown}");
}
