//! The site plan for readers of the board, who need not be signed in.

use app::context::{Ground, Plan};
use axum::{extract::State, response::Response};
use http::HeaderMap;

use super::readers::Reader;
use crate::{config::SITE_PLAN_ADDRESS, site_plan, state::AppState};

/// The address of the site plan for readers of the board.
pub(crate) const PLAN_ADDRESS: &str = "/admin/board/plan";

/// `GET /admin/board/plan` answers as `/site-plan`.
pub(crate) async fn picture(_: Reader, State(state): State<AppState>, request: HeaderMap) -> Response {
    site_plan::answer(&state, &request)
}

/// Returns the ground under the markers. A plan that only the signed in may see has an address of its own here.
pub(super) fn ground(state: &AppState) -> Ground {
    match state.settings.ground() {
        Ground::Plan(plan) if plan.address == SITE_PLAN_ADDRESS => {
            Ground::Plan(Plan { address: PLAN_ADDRESS.to_owned(), ..plan })
        }
        ground => ground,
    }
}
