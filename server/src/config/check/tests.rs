//! Every bad value has a sentence, and good values become settings.

use std::time::Duration;

use super::*;

#[test]
fn an_unknown_role_is_refused_with_the_known_ones() {
    assert!(roles("web,reports").unwrap_err().contains("choose from web, producer, fanout and statistics"));
    assert!(roles(" , ").is_err());
    let wanted = Roles { web: true, producer: false, fanout: true, statistics: false };
    assert_eq!(roles("fanout, web"), Ok(wanted));
}

#[test]
fn an_origin_is_kept_as_browsers_write_it() {
    assert_eq!(origin("X", "https://Iutsai.example:443/"), Ok("https://iutsai.example".into()));
    assert_eq!(origin("X", "http://127.0.0.1:3000"), Ok("http://127.0.0.1:3000".into()));
    for wrong in ["iutsai.example", "ftp://a", "https://a/path", "https://a/?q", "https://user@a", "null"] {
        assert!(origin("X", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_allowed_origin_may_be_that_of_an_application() {
    for (value, kept) in [
        ("capacitor://localhost", "capacitor://localhost"),
        ("Ionic://LocalHost/", "ionic://localhost"),
        ("app://iutsai:8080", "app://iutsai:8080"),
        ("https://App.example:443", "https://app.example"),
    ] {
        assert_eq!(page_origin("X", value), Ok(kept.to_owned()), "{value}");
        assert_eq!(origin("X", value).is_ok(), value.starts_with("https"), "{value}");
    }
    for wrong in [
        "capacitor://",
        "capacitor:localhost",
        "app://a/path",
        "app://user@a",
        "file://",
        "null",
        "*",
        "ws://a",
    ] {
        assert!(page_origin("X", wrong).unwrap_err().contains("capacitor://HOST"), "{wrong}");
    }
}

#[test]
fn a_proxy_is_an_address_or_a_network() {
    assert_eq!(network("10.0.0.2"), Ok("10.0.0.2/32".parse().unwrap()));
    assert_eq!(network("fd00::/8"), Ok("fd00::/8".parse().unwrap()));
    assert!(network("proxy").is_err());
}

#[test]
fn a_time_is_a_number_of_seconds_from_one_to_a_days() {
    for (value, wanted) in [("1", 1), (" 600 ", 600), ("86400", 24 * 60 * 60)] {
        assert_eq!(seconds("X", value), Ok(Duration::from_secs(wanted)), "{value}");
    }
    for wrong in ["0", "86401", "-5", "1.5", "10m", "ten", "", "99999999999999999999"] {
        let sentence = seconds("IUTSAI_PRESS_ASKS_AFTER", wrong).unwrap_err();
        assert!(sentence.starts_with("IUTSAI_PRESS_ASKS_AFTER: "), "{sentence}");
        assert!(sentence.ends_with("write 1 to 86400 (24 hours)."), "{sentence}");
    }
}

#[test]
fn each_clock_has_bounds_of_its_own() {
    for (range, good, bad) in [
        (CALLS, ["2", " 30 ", "366"], ["1", "367", "always"]),
        (LOCATION_USES, ["180", "200", "3660"], ["179", "3661", "-200"]),
        (ACCESS_LOG, ["365", "400", "3660"], ["364", "3661", ""]),
    ] {
        for value in good {
            assert!(days("X", value, range.clone()).is_ok(), "{value}");
        }
        for value in bad {
            let sentence = days("X", value, range.clone()).unwrap_err();
            assert!(sentence.ends_with(&format!("{} to {}.", range.start(), range.end())), "{sentence}");
        }
    }
}

#[test]
fn silent_calls_come_every_hour_at_least_or_not_at_all() {
    for (value, wanted) in [("0", None), (" 60 ", Some(60)), ("1", Some(1)), ("3600", Some(3600))] {
        assert_eq!(pause("X", value), Ok(wanted.map(Duration::from_secs)), "{value}");
    }
    for wrong in ["3601", "-1", "off", ""] {
        assert!(pause("IUTSAI_CANARY_SECONDS", wrong).unwrap_err().contains("0 for none"), "{wrong}");
    }
}

#[test]
fn without_kafka_the_one_process_accepts_calls_and_keeps_sockets() {
    let of = |words: &str| roles_fit_log(roles(words).unwrap(), &Log::Local);
    assert_eq!(of("web,producer,fanout,statistics"), Ok(()));
    for words in ["web,producer", "fanout", "web"] {
        assert!(of(words).unwrap_err().contains("KAFKA_BOOTSTRAP_SERVERS"), "{words}");
        let cluster = Log::Cluster { bootstrap_servers: "kafka:9092".into(), security: Vec::new() };
        assert_eq!(roles_fit_log(roles(words).unwrap(), &cluster), Ok(()));
    }
}

#[test]
fn a_schedule_is_a_cron_expression_or_off() {
    let zone = || time_zone("Asia/Seoul").unwrap();
    assert!(schedule("", zone()).unwrap().is_some());
    assert!(schedule("*/30 * * * *", zone()).unwrap().is_some());
    assert!(schedule("off", zone()).unwrap().is_none());
    let sentence = schedule("daily", zone()).unwrap_err();
    assert!(sentence.starts_with("IUTSAI_BATCH_CRON: 'daily' is not a cron expression"), "{sentence}");
}

#[test]
fn a_contact_is_a_mail_address_or_a_site() {
    for contact in ["mailto:office@iutsai.example", "https://iutsai.example/contact"] {
        assert_eq!(contact_address(contact), Ok(contact.to_owned()));
    }
    for wrong in
        ["office@iutsai.example", "mailto:office", "mailto:@a.b", "http://iutsai.example", "admin", ""]
    {
        assert!(contact_address(wrong).unwrap_err().contains("mailto:"), "{wrong}");
    }
}
