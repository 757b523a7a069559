//! The text of a name. On the server equal texts are one where a thread has met them before, because thousands of sockets
//! and the calls of days name the same few hundred lines and flats. A page has few names, and shares none.

#[cfg(not(target_arch = "wasm32"))]
pub(super) use shared::{Text, text};

#[cfg(target_arch = "wasm32")]
pub(super) type Text = String;

/// Returns a name's text.
#[cfg(target_arch = "wasm32")]
pub(super) fn text(name: impl Into<String>) -> Text {
    name.into()
}

#[cfg(not(target_arch = "wasm32"))]
mod shared {
    use std::{
        cell::RefCell,
        hash::{DefaultHasher, Hash, Hasher},
        sync::Arc,
    };

    /// The text of a name.
    pub(in crate::people::name) type Text = Arc<str>;

    /// The most texts that a thread keeps. A name takes the place of another one that has the same hash in this range.
    const KEPT: u64 = 2_048;

    thread_local! {
        static TEXTS: RefCell<Vec<Text>> = RefCell::new((0..KEPT).map(|_| Text::default()).collect());
    }

    /// Returns a name's text, which is the one that this thread has met where it still keeps that.
    pub(in crate::people::name) fn text(name: impl AsRef<str>) -> Text {
        let name = name.as_ref();
        // A thread that is about to end has let go of its texts.
        TEXTS.try_with(|texts| kept(&mut texts.borrow_mut(), name)).unwrap_or_else(|_| name.into())
    }

    fn kept(texts: &mut [Text], name: &str) -> Text {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let kept = &mut texts[(hasher.finish() % KEPT) as usize];
        if **kept != *name {
            *kept = name.into();
        }
        kept.clone()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn equal_names_share_their_text_and_others_do_not() {
            let (one, other) = (text("1203"), text("1203"));
            assert!(Text::ptr_eq(&one, &other));
            let many: Vec<Text> = (0..3 * KEPT).map(|number| text(number.to_string())).collect();
            assert!(many.iter().zip(0..).all(|(text, number)| **text == *u64::to_string(&number)));
            assert_eq!(text("1203"), one);
        }

        #[test]
        fn names_of_two_threads_are_equal() {
            let elsewhere = std::thread::spawn(|| text("101-1")).join().unwrap();
            assert_eq!(elsewhere, text("101-1"));
        }
    }
}
