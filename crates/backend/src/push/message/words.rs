//! The title and the body of a message in the language of its device.

use domain::{House, Kind, Line, Progress, push::Language};

use super::{Class, Message};
use crate::push::subscriptions::Recipient;

impl Message {
    /// Returns the title and the body for one device.
    pub(super) fn words(&self, to: &Recipient) -> (String, String) {
        let language = to.language;
        let Some(subject) = &self.subject else { return words_of_test(language) };
        let (house, line) = (house(language, &subject.call.house), line(language, &subject.call.line));
        // Houses of two lines may have one name.
        let is_elsewhere = to.line.as_ref().is_some_and(|own| *own != subject.call.line);
        let house = match (language, is_elsewhere) {
            (_, false) => house,
            (Language::Korean, true) => format!("{line} {house}"),
            (Language::English, true) => format!("{house} of {line}"),
        };
        let since = &self.since;
        let title = match (language, self.class, subject.end) {
            (Language::Korean, Class::Over, Some(Progress::Cancelled)) => {
                format!("{house} 요청이 취소됐어요")
            }
            (Language::Korean, Class::Over, _) => format!("{house} 요청이 끝났어요"),
            (Language::Korean, Class::Coming, _) => format!("{house}에 간다고 알렸어요"),
            (Language::Korean, ..) => format!("{house}에서 도움을 요청했어요"),
            (Language::English, Class::Over, Some(Progress::Cancelled)) => {
                format!("{house} took the call back")
            }
            (Language::English, Class::Over, _) => format!("The call of {house} is over"),
            (Language::English, Class::Coming, _) => format!("{house} knows that you are coming"),
            (Language::English, ..) => format!("{house} calls for help"),
        };
        let title = match (language, subject.drill) {
            (_, false) => title,
            (Language::Korean, true) => format!("[훈련] {title}"),
            (Language::English, true) => format!("[Drill] {title}"),
        };
        let kind = subject.kind.map(|kind| format!("{} · ", kind_word(language, kind))).unwrap_or_default();
        let body = match language {
            Language::Korean => format!("{kind}{line} · {since}부터"),
            Language::English => format!("{kind}{line} · since {since}"),
        };
        (title, body)
    }
}

fn words_of_test(language: Language) -> (String, String) {
    match language {
        Language::Korean => ("알림 시험".into(), "이 기기는 화면이 닫혀 있어도 알림을 받아요.".into()),
        Language::English => {
            ("Notification test".into(), "This device is notified even when the page is closed.".into())
        }
    }
}

/// Returns a flat as the pages write it, such as `1203호`.
fn house(language: Language, house: &House) -> String {
    let name = house.as_str();
    let is_number = name.chars().all(|c| c.is_ascii_digit() || c == '-');
    match (language, is_number) {
        (_, false) => name.to_owned(),
        (Language::Korean, true) => format!("{name}호"),
        (Language::English, true) => format!("Flat {name}"),
    }
}

/// Returns a line as the pages write it, such as `101-1 라인`.
fn line(language: Language, line: &Line) -> String {
    let name = line.as_str();
    if name.contains("라인") || name.to_lowercase().contains("line") {
        return name.to_owned();
    }
    match language {
        Language::Korean => format!("{name} 라인"),
        Language::English => format!("line {name}"),
    }
}

const fn kind_word(language: Language, kind: Kind) -> &'static str {
    match (language, kind) {
        (Language::Korean, Kind::Fire) => "화재",
        (Language::Korean, Kind::Medical) => "응급 환자",
        (Language::Korean, Kind::Intruder) => "침입",
        (Language::Korean, Kind::Other) => "기타",
        (Language::English, Kind::Fire) => "Fire",
        (Language::English, Kind::Medical) => "Medical",
        (Language::English, Kind::Intruder) => "Intruder",
        (Language::English, Kind::Other) => "Other",
    }
}
