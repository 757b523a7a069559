//! The language of the page, for what shows words. The browser has its own signal of it, because that of leptos_i18n
//! brings its search for a language along, and the page has one already.

#[cfg(not(feature = "ssr"))]
pub use browser::{I18n, use_i18n};
#[cfg(feature = "ssr")]
pub use ssr::{I18n, use_i18n};

#[cfg(feature = "ssr")]
mod ssr {
    pub use crate::i18n::use_i18n;

    /// The language of the page.
    pub type I18n = leptos_i18n::I18nContext<crate::i18n::Locale>;
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use leptos::prelude::{expect_context, provide_context};

    use crate::{i18n::Locale, reactive::RwSignal};

    /// The language of the page.
    #[derive(Clone, Copy)]
    pub struct I18n(RwSignal<Locale>);

    impl I18n {
        /// Gives all parts of the page its language.
        pub(crate) fn share(locale: Locale) {
            provide_context(Self(RwSignal::new(locale)));
        }

        /// The language, which is followed.
        #[must_use]
        pub fn get_locale(self) -> Locale {
            self.0.get()
        }

        /// The language as it is now.
        #[must_use]
        pub fn get_locale_untracked(self) -> Locale {
            self.0.get_untracked()
        }

        /// Changes the language.
        pub fn set_locale(self, locale: Locale) {
            self.0.set(locale);
        }
    }

    /// Returns the language of the page.
    #[must_use]
    pub fn use_i18n() -> I18n {
        expect_context()
    }
}
