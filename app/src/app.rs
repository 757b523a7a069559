//! Everything inside the document's body, which is the page, and what all pages share.

use leptos::prelude::*;

#[cfg(not(feature = "ssr"))]
pub use browser::App;
#[cfg(feature = "ssr")]
pub use ssr::App;

#[cfg(feature = "ssr")]
use crate::request;
use crate::{locale, offline, reactive::effect};

#[cfg(feature = "ssr")]
mod ssr {
    use leptos::prelude::*;
    use leptos_meta::provide_meta_context;
    use leptos_router::{
        components::{FlatRoutes, Route, Router},
        path,
    };

    use super::Alive;
    use crate::{
        context::PageContext,
        i18n::I18nSubContextProvider,
        pages::{
            AuditPage, BoardPage, CallPage, CallStatePage, CallsPage, CardsPage, CodePage, DevicesPage,
            DisplaysPage, DrillsPage, EscalationPage, HomePage, ImportPage, InstallPage, JoinPage, LeavePage,
            MePage, MySignInPage, NotFoundPage, PeoplePage, SignInPage, StatisticsPage,
        },
        request,
    };

    /// The whole application.
    #[component]
    pub fn App() -> impl IntoView {
        provide_meta_context();
        PageContext::share();
        view! {
            <I18nSubContextProvider initial_locale=Signal::stored(request::locale())>
                <Alive />
                <Router>
                    <FlatRoutes fallback=NotFoundPage>
                        <Route path=path!("/") view=HomePage />
                        <Route path=path!("/sign-in") view=SignInPage />
                        <Route path=path!("/call") view=CallPage />
                        <Route path=path!("/call/:id") view=CallStatePage />
                        <Route path=path!("/calls") view=CallsPage />
                        <Route path=path!("/devices") view=DevicesPage />
                        <Route path=path!("/me") view=MePage />
                        <Route path=path!("/me/leave") view=LeavePage />
                        <Route path=path!("/me/sign-in") view=MySignInPage />
                        <Route path=path!("/install") view=InstallPage />
                        <Route path=path!("/admin/statistics") view=StatisticsPage />
                        <Route path=path!("/admin/people") view=PeoplePage />
                        <Route path=path!("/admin/people/import") view=ImportPage />
                        <Route path=path!("/admin/people/cards") view=CardsPage />
                        <Route path=path!("/admin/drills") view=DrillsPage />
                        <Route path=path!("/admin/audit") view=AuditPage />
                        <Route path=path!("/admin/board") view=BoardPage />
                        <Route path=path!("/admin/board/displays") view=DisplaysPage />
                        <Route path=path!("/admin/escalation") view=EscalationPage />
                        <Route path=path!("/join") view=CodePage />
                        <Route path=path!("/join/:code") view=JoinPage />
                    </FlatRoutes>
                </Router>
            </I18nSubContextProvider>
        }
    }
}

/// Without a router, because no link changes the page in place, and only pages that come to life get here.
#[cfg(not(feature = "ssr"))]
mod browser {
    use leptos::prelude::*;

    use super::Alive;
    use crate::{
        context::PageContext,
        language::I18n,
        page_table::CALL,
        pages::{CallPage, HomePage},
        part::IntoPart,
        request,
    };

    /// The whole application.
    #[component]
    pub fn App() -> impl IntoView {
        PageContext::share();
        let page = || match CALL.is_at(&request::path()) {
            true => view! { <CallPage /> }.still(),
            false => view! { <HomePage /> }.still(),
        };
        I18n::share(request::locale());
        view! {
            <Alive />
            {page()}
        }
        .still()
    }
}

/// Marks the document, and with it the style sheet, as hydrated.
#[component]
fn Alive() -> impl IntoView {
    #[cfg(feature = "ssr")]
    request::pause_effects();
    locale::follow_in_document();
    offline::speak_as_chosen();
    effect(move || {
        if let Some(root) = document().document_element() {
            // Only a document that is gone could refuse.
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
}
