//! One page a file, named as its address. Those that are plain HTML are compiled for the server only.

#[cfg(feature = "ssr")]
pub mod audit;
#[cfg(feature = "ssr")]
pub mod board;
mod call;
#[cfg(feature = "ssr")]
mod call_state;
#[cfg(feature = "ssr")]
pub mod calls;
#[cfg(feature = "ssr")]
mod devices;
#[cfg(feature = "ssr")]
pub mod drills;
#[cfg(feature = "ssr")]
pub mod escalation;
mod home;
#[cfg(feature = "ssr")]
pub mod install;
#[cfg(feature = "ssr")]
pub mod join;
#[cfg(feature = "ssr")]
pub mod me;
#[cfg(feature = "ssr")]
pub mod my_sign_in;
#[cfg(feature = "ssr")]
mod not_found;
#[cfg(feature = "ssr")]
pub mod people;
#[cfg(feature = "ssr")]
pub mod sign_in;
#[cfg(feature = "ssr")]
pub mod statistics;

#[cfg(feature = "ssr")]
pub use audit::AuditPage;
#[cfg(feature = "ssr")]
pub use board::{BoardPage, DisplaysPage};
pub use call::CallPage;
#[cfg(feature = "ssr")]
pub use call_state::CallStatePage;
#[cfg(feature = "ssr")]
pub use calls::CallsPage;
#[cfg(feature = "ssr")]
pub use devices::DevicesPage;
#[cfg(feature = "ssr")]
pub use drills::DrillsPage;
#[cfg(feature = "ssr")]
pub use escalation::EscalationPage;
pub use home::HomePage;
#[cfg(feature = "ssr")]
pub use install::InstallPage;
#[cfg(feature = "ssr")]
pub use join::{CodePage, JoinPage};
#[cfg(feature = "ssr")]
pub use me::{LeavePage, MePage};
#[cfg(feature = "ssr")]
pub use my_sign_in::MySignInPage;
#[cfg(feature = "ssr")]
pub use not_found::NotFoundPage;
#[cfg(feature = "ssr")]
pub use people::{CardsPage, ImportPage, PeoplePage};
#[cfg(feature = "ssr")]
pub use sign_in::SignInPage;
#[cfg(feature = "ssr")]
pub use statistics::StatisticsPage;
