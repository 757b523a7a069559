//! One page a file, named as its address.

mod call;
mod call_state;
mod home;
mod not_found;
mod sign_in;

pub use call::CallPage;
pub use call_state::CallStatePage;
pub use home::{Home, HomePage};
pub use not_found::NotFoundPage;
pub use sign_in::SignInPage;
