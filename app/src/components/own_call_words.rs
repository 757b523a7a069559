//! The state of one's own call in words, which are the same on the home page and on the page without wasm.

use domain::{House, Incident, Millis, Progress, Stance};

use crate::{
    i18n::{Locale, td_string},
    press::{CallProgress, Houses, Kept},
    words,
};

/// The state in words. `own` is the call itself, once the feed has it.
pub fn own_call_words(
    locale: Locale,
    progress: &CallProgress,
    own: Option<&Incident>,
    now: Millis,
) -> String {
    match progress {
        CallProgress::Quiet => String::new(),
        CallProgress::Sending => td_string!(locale, own.sending).to_owned(),
        CallProgress::Retrying { why, kept, .. } => {
            let why = words::trouble(locale, *why);
            let why = td_string!(locale, own.why, why = why);
            let kept = match kept {
                Kept::Device => td_string!(locale, own.kept_by_device),
                Kept::Page => td_string!(locale, own.kept_by_page),
            };
            format!("{} {kept} {why}", td_string!(locale, own.not_sent))
        }
        CallProgress::Heard { kept } => {
            let kept = match kept {
                Kept::Device => td_string!(locale, own.heard_device),
                Kept::Page => td_string!(locale, own.heard_page),
            };
            format!("{} {kept}", td_string!(locale, own.heard))
        }
        CallProgress::NeedsSignIn { kept } => {
            let kept = match kept {
                Kept::Device => td_string!(locale, own.sign_in_device),
                Kept::Page => td_string!(locale, own.sign_in_page),
            };
            format!("{} {kept}", td_string!(locale, own.sign_in))
        }
        CallProgress::Unsent { pressed_at, heard } => {
            let ago = words::ago(locale, *pressed_at, now);
            match heard {
                true => td_string!(locale, own.unsent_heard, ago = ago),
                false => td_string!(locale, own.unsent, ago = ago),
            }
        }
        CallProgress::Delivered { at } => {
            let ago = words::ago(locale, *at, now);
            td_string!(locale, own.delivered, ago = ago)
        }
        CallProgress::Refused(problem) => {
            format!("{} {}", td_string!(locale, own.refused), problem.detail)
        }
        CallProgress::Stands => td_string!(locale, own.stands).to_owned(),
        CallProgress::Recorded => with_pushed(locale, td_string!(locale, own.recorded).to_owned(), own),
        CallProgress::Reached(Houses { delivered, sounded, seen }) => {
            let words = td_string!(locale, own.reached, count = *delivered, sounded = *sounded, seen = *seen);
            with_pushed(locale, words, own)
        }
        CallProgress::NobodyComes(Houses { delivered, sounded, seen }) => {
            let words =
                td_string!(locale, own.nobody_comes, count = *delivered, sounded = *sounded, seen = *seen);
            with_pushed(locale, words, own)
        }
        CallProgress::Coming(houses) => coming(locale, houses, own),
        CallProgress::NobodyReached => with_pushed(locale, td_string!(locale, own.nobody).to_owned(), own),
        CallProgress::Practice => td_string!(locale, own.practice).to_owned(),
        CallProgress::Ended(how) => ended(locale, *how).to_owned(),
    }
}

/// Adds for how many flats a push service took the call. It comes last, because no device has reported anything with
/// it.
fn with_pushed(locale: Locale, words: String, own: Option<&Incident>) -> String {
    match own.map_or(0, |own| own.pushed.len()) {
        0 => words,
        count => format!("{words} {}", td_string!(locale, own.pushed, count = count)),
    }
}

/// Returns who is there, and who is on the way. `own` knows of which line each of them is.
fn coming(locale: Locale, houses: &[House], own: Option<&Incident>) -> String {
    let Some(own) = own else {
        return td_string!(locale, own.coming, houses = words::houses(locale, houses));
    };
    let named = |is_there: bool| {
        let who = own.coming().filter(move |one| (one.stance == Stance::Arrived) == is_there);
        let names: Vec<String> = who.map(|one| words::flat(locale, one.line.as_ref(), &one.house)).collect();
        names.join(", ")
    };
    let (there, under_way) = (named(true), named(false));
    let mut sentences = Vec::new();
    if !there.is_empty() {
        sentences.push(td_string!(locale, own.arrived, houses = there));
    }
    if !under_way.is_empty() {
        sentences.push(td_string!(locale, own.coming, houses = under_way));
    }
    sentences.join(" · ")
}

fn ended(locale: Locale, how: Progress) -> &'static str {
    match how {
        Progress::Cancelled => td_string!(locale, own.cancelled),
        Progress::Expired => td_string!(locale, own.expired),
        _ => td_string!(locale, own.resolved),
    }
}

#[cfg(test)]
mod tests {
    use domain::Neighbour;

    use super::*;
    use crate::{
        api::Trouble,
        samples::{call, house, incident},
    };

    fn shown_for(progress: &CallProgress) -> String {
        own_call_words(Locale::en, progress, None, 0)
    }

    fn houses(names: &[&str]) -> Vec<House> {
        names.iter().map(|name| House::new(*name).expect("a valid house")).collect()
    }

    #[test]
    fn an_unsent_call_shows_that_first_then_where_it_is_kept_and_why_it_waits() {
        let words = |kept| shown_for(&CallProgress::Retrying { why: Trouble::Offline, tries: 3, kept });
        for words in [words(Kept::Device), words(Kept::Page)] {
            assert!(words.starts_with("Not sent yet."), "{words}");
            assert!(words.ends_with("Reason: no connection."), "{words}");
        }
        assert!(words(Kept::Device).contains("kept on this device"));
        assert!(!words(Kept::Device).contains("Do not close"));
        assert!(words(Kept::Page).contains("Do not close"), "it would be lost");
        assert!(shown_for(&CallProgress::NeedsSignIn { kept: Kept::Page }).contains("Do not close"));
    }

    #[test]
    fn a_call_that_reached_nobody_names_119() {
        assert!(shown_for(&CallProgress::NobodyReached).contains("Call 119 now"));
        let houses = Houses { delivered: 7, sounded: 3, seen: 2 };
        assert!(shown_for(&CallProgress::NobodyComes(houses)).contains("Call 119 now"));
    }

    #[test]
    fn delivered_sounded_and_seen_are_three_numbers() {
        let houses = Houses { delivered: 7, sounded: 3, seen: 2 };
        for progress in [CallProgress::Reached(houses), CallProgress::NobodyComes(houses)] {
            let words = shown_for(&progress);
            assert!(words.contains("have your call: 7 (alarm sounded: 3, shown on a screen: 2)"), "{words}");
        }
    }

    #[test]
    fn what_a_push_service_took_is_a_number_of_its_own_and_promises_nothing() {
        let mut own = incident(&call(1), []);
        own.pushed = ["1204", "1301"].map(|name| Neighbour::from(house(name))).into();
        let houses = Houses { delivered: 1, sounded: 0, seen: 0 };
        for progress in [
            CallProgress::Recorded,
            CallProgress::Reached(houses),
            CallProgress::NobodyComes(houses),
            CallProgress::NobodyReached,
        ] {
            let words = own_call_words(Locale::en, &progress, Some(&own), 0);
            assert!(words.contains("push service took the alarm: 2."), "{words}");
            assert!(words.ends_with("whether anybody has noticed it is not known."), "{words}");
            own.pushed.clear();
            let words = own_call_words(Locale::en, &progress, Some(&own), 0);
            assert!(!words.contains("push"), "{words}");
            own.pushed = ["1204", "1301"].map(|name| Neighbour::from(house(name))).into();
        }
    }

    #[test]
    fn everyone_who_comes_is_named() {
        let words = shown_for(&CallProgress::Coming(houses(&["1204", "1301"])));
        assert_eq!(words, "On the way: flat 1204, flat 1301");
    }

    #[test]
    fn a_call_that_neighbours_received_is_never_called_unsent() {
        for kept in [Kept::Device, Kept::Page] {
            let words = shown_for(&CallProgress::Heard { kept });
            assert!(words.contains("Your call has reached your neighbours"), "{words}");
            assert!(!words.to_lowercase().contains("not sent"), "{words}");
        }
    }

    #[test]
    fn a_press_that_was_one_too_many_is_not_called_unsent() {
        let words = shown_for(&CallProgress::Stands);
        assert!(words.contains("already out"), "{words}");
        assert!(!words.contains("not"), "{words}");
    }

    #[test]
    fn a_quiet_state_is_announced_as_nothing() {
        assert_eq!(shown_for(&CallProgress::Quiet), "");
    }
}
