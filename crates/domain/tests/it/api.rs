//! The types of HTTP, as JSON and as a form.

use domain::{
    Kind, Location,
    api::{
        AcceptRequest, CallRequest, EscalationRequest, LocationRequest, ProgressRequest, Recorded, SignIn,
        State,
    },
    escalation::Settings,
    record,
};

fn json(text: &str) -> CallRequest {
    serde_json::from_str(text).expect("a call")
}

fn form(text: &str) -> CallRequest {
    serde_urlencoded::from_str(text).expect("a call")
}

#[test]
fn a_call_is_the_same_with_numbers_with_text_and_as_a_form() {
    let calls = [
        json(
            r#"{"line":"101-1","house":"1203","text":"불","lat":37.5,"lng":127,"accuracy":12.5,"kind":"fire"}"#,
        ),
        json(
            r#"{"line":"101-1","house":"1203","text":"불","lat":"37.5","lng":"127","accuracy":"12.5","kind":"fire"}"#,
        ),
        form("line=101-1&house=1203&text=%EB%B6%88&lat=37.5&lng=127&accuracy=12.5&kind=fire"),
    ];
    for call in calls {
        assert_eq!(
            (call.line.as_str(), call.house.as_str(), call.text.as_deref()),
            ("101-1", "1203", Some("불"))
        );
        assert_eq!(call.location(), Location::new(37.5, 127.0, Some(12.5)));
        assert!(call.names_location());
        assert_eq!((call.kind, call.drill), (Some(Kind::Fire), false));
    }
}

#[test]
fn a_call_needs_nothing_but_its_flat() {
    let calls = [
        json(r#"{"line":"101-1","house":"1203"}"#),
        json(
            r#"{"line":"101-1","house":"1203","text":null,"lat":null,"lng":null,"accuracy":null,"kind":null,"drill":null}"#,
        ),
        form("line=101-1&house=1203"),
        form("line=101-1&house=1203&text=&lat=&lng=&accuracy=&kind=&drill="),
    ];
    for call in calls {
        assert_eq!((call.location(), call.kind, call.drill), (None, None, false));
        assert!(!call.names_location());
        assert_eq!(call.text.unwrap_or_default(), "");
    }
    for text in [r#"{"house":"1203"}"#, r#"{"line":"101-1"}"#, r#"{"line":"","house":"1203"}"#] {
        assert!(serde_json::from_str::<CallRequest>(text).is_err(), "{text}");
    }
    assert!(serde_urlencoded::from_str::<CallRequest>("line=101%2F1&house=1203").is_err());
}

#[test]
fn a_press_with_an_unusable_location_counts_as_sent_with_one() {
    for call in [
        json(r#"{"line":"101-1","house":"1203","lat":"here","lng":"there"}"#),
        json(r#"{"line":"101-1","house":"1203","lat":999,"lng":127}"#),
        json(r#"{"line":"101-1","house":"1203","lat":[1],"lng":{}}"#),
        form("line=101-1&house=1203&lat=NaN&lng=127"),
    ] {
        assert!(call.location().is_none() && call.names_location(), "{call:?}");
    }
}

#[test]
fn a_kind_that_is_not_known_does_not_stop_a_call() {
    assert_eq!(json(r#"{"line":"1","house":"2","kind":"flood"}"#).kind, Some(Kind::Other));
    assert_eq!(form("line=1&house=2&kind=flood").kind, Some(Kind::Other));
    assert_eq!(json(r#"{"line":"1","house":"2","kind":7}"#).kind, None);
}

#[test]
fn a_careless_client_is_understood() {
    for text in [
        r#"{"line":"101-1","house":1203,"text":7,"kind":"FIRE","drill":"0"}"#,
        r#"{"line":" 101-1\n","house":1203.0,"text":"7","kind":" fire ","drill":[]}"#,
        r#"{"line":"101-1","house":"\u30001203 ","text":7,"kind":"Fire","drill":2}"#,
    ] {
        let call = json(text);
        assert_eq!((call.line.as_str(), call.house.as_str()), ("101-1", "1203"), "{text}");
        assert_eq!(
            (call.text.as_deref(), call.kind, call.drill),
            (Some("7"), Some(Kind::Fire), false),
            "{text}"
        );
    }
    for words in [r#"["fire"]"#, r#"{"ko":"불"}"#, "null"] {
        assert_eq!(json(&format!(r#"{{"line":"1","house":"2","text":{words}}}"#)).text, None, "{words}");
    }
    let accept = r#"{"line":101,"acceptHouse":1204,"targetHouse":" 1203 ","alert":" "}"#;
    let accept: AcceptRequest = serde_json::from_str(accept).expect("an accept");
    let houses = (accept.line.as_str(), accept.accept_house.as_str(), accept.target_house.as_str());
    assert_eq!((houses, accept.alert), (("101", "1204", "1203"), None));
}

#[test]
fn a_name_that_cannot_be_one_is_refused_with_what_was_sent() {
    for (house, part) in
        [(r#""a/b""#, "\"a/b\" must not"), ("[]", "must be text"), (r#"" ""#, "must not be empty")]
    {
        let text = format!(r#"{{"line":"101-1","house":{house}}}"#);
        let error = serde_json::from_str::<CallRequest>(&text).expect_err(house).to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_name_and_a_password_may_be_numbers() {
    let sign_in: SignIn = serde_json::from_str(r#"{"name":1203,"password":12345678}"#).expect("a sign-in");
    assert_eq!((sign_in.name.as_str(), sign_in.password.as_str()), ("1203", "12345678"));
    assert!(serde_json::from_str::<SignIn>(r#"{"name":"a","password":null}"#).is_err());
}

#[test]
fn an_exercise_is_marked_in_json_and_in_a_form() {
    assert!(json(r#"{"line":"1","house":"2","drill":true}"#).drill);
    assert!(!json(r#"{"line":"1","house":"2","drill":false}"#).drill);
    assert!(form("line=1&house=2&drill=true").drill && form("line=1&house=2&drill=on").drill);
    assert!(!form("line=1&house=2&drill=false").drill);
    for drill in [r#""true""#, r#""True""#, r#""1""#, "1", "1.0", r#""yes""#] {
        assert!(json(&format!(r#"{{"line":"1","house":"2","drill":{drill}}}"#)).drill, "{drill}");
    }
}

#[test]
fn an_accept_names_its_call_or_means_the_newest_but_never_another() {
    let named = "01900000-0000-7000-8000-000000000000";
    let body =
        |alert: &str| format!(r#"{{"line":"101-1","acceptHouse":"1204","targetHouse":"1203"{alert}}}"#);
    let read = |alert: &str| serde_json::from_str::<AcceptRequest>(&body(alert));
    for newest in ["", r#","alert":null"#, r#","alert":"""#] {
        assert_eq!(read(newest).expect("an accept").alert, None);
    }
    let accept = read(&format!(r#","alert":"{named}""#)).expect("an accept");
    assert_eq!(accept.alert.map(|alert| alert.to_string()).as_deref(), Some(named));
    assert!(read(r#","alert":"that one""#).is_err());

    let read = |alert: &str| {
        let text = format!("line=101-1&acceptHouse=1204&targetHouse=1203{alert}");
        serde_urlencoded::from_str::<AcceptRequest>(&text)
    };
    assert_eq!(read("").expect("an accept").alert, None);
    assert_eq!(read("&alert=").expect("an accept").alert, None);
    assert!(read(&format!("&alert={named}")).expect("an accept").alert.is_some());
    assert!(read("&alert=1").is_err());
}

#[test]
fn the_other_commands_are_read_as_json_and_as_forms() {
    let at = |request: LocationRequest| {
        record::location(Some(&request.lat), Some(&request.lng), request.accuracy.as_ref())
    };
    let expected = Location::new(37.5, 127.0, Some(8.0));
    assert_eq!(
        at(serde_json::from_str(r#"{"lat":37.5,"lng":"127","accuracy":8}"#).expect("a location")),
        expected
    );
    assert_eq!(at(serde_urlencoded::from_str("lat=37.5&lng=127&accuracy=8").expect("a location")), expected);
    let note = serde_urlencoded::from_str::<ProgressRequest>("note=%EB%81%9D").expect("a note").note;
    assert_eq!(note.as_deref(), Some("끝"));
    assert_eq!(serde_json::from_str::<ProgressRequest>("{}").expect("nothing").note, None);
}

#[test]
fn the_answer_to_a_call_has_the_contracts_words() {
    let recorded = Recorded { id: uuid::Uuid::nil(), state: State::Stored, warning: None };
    let written = serde_json::to_value(recorded).expect("JSON");
    assert_eq!(written, serde_json::json!({"id": "00000000-0000-0000-0000-000000000000", "state": "stored"}));
}

fn rules(json: &str) -> Result<Settings, serde_json::Error> {
    serde_json::from_str::<EscalationRequest>(json).map(|request| request.settings())
}

#[test]
fn rules_are_numbers_or_text_and_what_is_absent_or_checked_is_off() {
    let sent = rules(
        r#"{"complex":"on","neighbours":"0","building":3600,"administrators":" 45 ","administrators_off":"on",
            "arrival":""}"#,
    );
    let expected = Settings {
        complex: true,
        neighbours: Some(0),
        building: Some(3_600),
        administrators: None,
        arrival: None,
    };
    assert_eq!(sent.expect("rules"), expected);
    let nothing = rules("{}").expect("rules");
    let off = Settings { neighbours: None, building: None, ..expected };
    assert_eq!(nothing, Settings { complex: false, ..off });
}

#[test]
fn rules_out_of_bounds_are_refused_with_what_to_write() {
    for (json, bounds) in [
        (r#"{"neighbours":"-1"}"#, "seconds from 0 to 3600"),
        (r#"{"building":3601}"#, "seconds from 0 to 3600"),
        (r#"{"administrators":"1.5"}"#, "seconds from 0 to 3600"),
        (r#"{"neighbours":"thirty"}"#, "seconds from 0 to 3600"),
        (r#"{"neighbours":true}"#, "seconds from 0 to 3600"),
        (r#"{"arrival":0}"#, "minutes from 1 to 240"),
        (r#"{"arrival":"241"}"#, "minutes from 1 to 240"),
    ] {
        let error = rules(json).expect_err(json).to_string();
        assert!(error.contains(bounds), "{json}: {error}");
    }
}
