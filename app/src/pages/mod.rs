//! One page a file, named as its address.

#[cfg(feature = "ssr")]
pub mod audit;
mod call;
#[cfg(feature = "ssr")]
mod call_state;
#[cfg(feature = "ssr")]
pub mod calls;
#[cfg(feature = "ssr")]
mod devices;
#[cfg(feature = "ssr")]
pub mod drills;
mod home;
#[cfg(feature = "ssr")]
pub mod join;
#[cfg(feature = "ssr")]
mod not_found;
#[cfg(feature = "ssr")]
pub mod people;
#[cfg(feature = "ssr")]
mod sign_in;
#[cfg(not(feature = "ssr"))]
mod stand_ins;
#[cfg(feature = "ssr")]
pub mod statistics;

#[cfg(feature = "ssr")]
pub use audit::AuditPage;
pub use call::CallPage;
#[cfg(feature = "ssr")]
pub use call_state::CallStatePage;
#[cfg(feature = "ssr")]
pub use calls::CallsPage;
#[cfg(feature = "ssr")]
pub use devices::DevicesPage;
#[cfg(feature = "ssr")]
pub use drills::DrillsPage;
pub use home::HomePage;
#[cfg(feature = "ssr")]
pub use join::{CodePage, JoinPage};
#[cfg(feature = "ssr")]
pub use not_found::NotFoundPage;
#[cfg(feature = "ssr")]
pub use people::{CardsPage, ImportPage, PeoplePage};
#[cfg(feature = "ssr")]
pub use sign_in::SignInPage;
#[cfg(not(feature = "ssr"))]
pub use stand_ins::{
    AuditPage, CallStatePage, CallsPage, CardsPage, CodePage, DevicesPage, DrillsPage, ImportPage, JoinPage,
    NotFoundPage, PeoplePage, SignInPage, StatisticsPage,
};
#[cfg(feature = "ssr")]
pub use statistics::StatisticsPage;
