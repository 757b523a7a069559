//! Versions, subprotocols and heart-beats on which two sides agree.

use std::time::Duration;

use proptest::prelude::*;
use stomp::{HeartBeat, HeartBeatError, Intervals, Version};

#[test]
fn the_highest_common_version_is_chosen() {
    for (accepted, chosen) in [
        ("1.2", Some(Version::V1_2)),
        ("1.1", Some(Version::V1_1)),
        ("1.0,1.1,2.0", Some(Version::V1_1)),
        ("1.0,1.1,1.2", Some(Version::V1_2)),
        ("1.2,1.1,1.0", Some(Version::V1_2)),
        ("1.1, 1.2", Some(Version::V1_2)),
        ("1.0", None),
        ("1.20,11,v12.stomp", None),
        ("", None),
    ] {
        assert_eq!(Version::negotiate(accepted), chosen, "{accepted}");
    }
}

#[test]
fn a_version_and_its_subprotocol_find_each_other() {
    assert_eq!(Version::V1_2.subprotocol(), "v12.stomp");
    assert_eq!(Version::V1_1.subprotocol(), "v11.stomp");
    for version in Version::SUPPORTED {
        assert_eq!(Version::parse(version.as_str()), Some(version));
        assert_eq!(Version::from_subprotocol(version.subprotocol()), Some(version));
    }
    assert_eq!(Version::from_subprotocol("v10.stomp"), None);
    assert_eq!(Version::parse("1.0"), None);
}

#[test]
fn a_missing_heart_beat_header_means_none() {
    assert_eq!(HeartBeat::from_header(None), Ok(HeartBeat { outgoing: 0, incoming: 0 }));
}

#[test]
fn heart_beats_go_at_the_slower_pace_and_only_where_both_want_them() {
    let every = |milliseconds| Some(Duration::from_millis(milliseconds));
    for (client, server, send, receive) in [
        ("0,0", "10,10", None, None),
        ("10,20", "0,0", None, None),
        ("10,0", "5,120", every(120), None),
        ("0,10", "25,0", None, every(25)),
        ("300,10", "25,120", every(300), every(25)),
        ("4294967295,1", "1,1", every(4_294_967_295), every(1)),
    ] {
        let client: HeartBeat = client.parse().expect("a heart-beat header");
        let server: HeartBeat = server.parse().expect("a heart-beat header");
        assert_eq!(client.negotiate(server), Intervals { send, receive });
        let seen_from_the_server = Intervals { send: receive, receive: send };
        assert_eq!(server.negotiate(client), seen_from_the_server);
    }
}

#[test]
fn a_value_that_is_not_two_numbers_is_refused_with_the_remedy() {
    for value in ["", ",", "1", "1,", ",1", "1,2,3", "-1,0", "+1,0", "a,b", "4294967296,0", "1.5,0"] {
        let error = value.parse::<HeartBeat>().expect_err(value);
        assert_eq!(error, HeartBeatError);
        assert!(error.to_string().contains("two numbers of milliseconds"));
    }
}

proptest! {
    #[test]
    fn a_heart_beat_header_written_and_read_is_the_same(outgoing: u32, incoming: u32) {
        let heart_beat = HeartBeat { outgoing, incoming };
        prop_assert_eq!(HeartBeat::from_header(Some(&heart_beat.to_string())), Ok(heart_beat));
    }

    #[test]
    fn no_header_value_makes_it_panic(value: String) {
        if let Ok(heart_beat) = value.parse::<HeartBeat>() {
            prop_assert_eq!(heart_beat.to_string().parse(), Ok(heart_beat));
        }
    }
}
