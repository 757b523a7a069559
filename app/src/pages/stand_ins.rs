//! Stand-ins in the browser for the pages that are plain HTML, and that no script ever renders. Without their views the
//! wasm is smaller; the routes stay the same on both sides.

macro_rules! stand_in {
    ($($page:ident)+) => {
        $(
            /// A page that only the server renders.
            #[leptos::component]
            pub fn $page() -> impl leptos::IntoView {}
        )+
    };
}

stand_in! {
    AuditPage BoardPage CallStatePage CallsPage CardsPage CodePage DevicesPage DisplaysPage DrillsPage
    EscalationPage ImportPage InstallPage JoinPage LeavePage MePage MySignInPage NotFoundPage PeoplePage
    SignInPage StatisticsPage
}
