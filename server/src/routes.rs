//! Routes and the list of them. A test compares the list with the table of who may do what, so a route needs a row
//! there.

use axum::{
    Router,
    handler::Handler,
    routing::{MethodRouter, delete, get, post},
};
use http::Method;

use crate::state::AppState;

/// A group of routes under one set of layers.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<AppState>,
    listed: Vec<(Method, String)>,
}

impl Routes {
    /// Adds what is asked for by GET.
    pub(crate) fn get<H: Handler<T, AppState>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.add(Method::GET, path, get(handler))
    }

    /// Adds what is done by POST.
    pub(crate) fn post<H: Handler<T, AppState>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.add(Method::POST, path, post(handler))
    }

    /// Adds what is done by DELETE.
    pub(crate) fn delete<H: Handler<T, AppState>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.add(Method::DELETE, path, delete(handler))
    }

    fn add(mut self, method: Method, path: &str, handler: MethodRouter<AppState>) -> Self {
        self.listed.push((method, path.to_owned()));
        self.router = self.router.route(path, handler);
        self
    }

    /// Returns the router, to which layers can be added.
    pub(crate) fn into_router(self) -> Router<AppState> {
        tracing::trace!(routes = ?self.listed, "a group of routes");
        self.router
    }

    /// Returns every route with its method and its path.
    #[cfg(test)]
    pub(crate) fn listed(&self) -> &[(Method, String)] {
        &self.listed
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Looks for files that make routes past the list.
    fn makers(directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                makers(&path, found);
            } else if std::fs::read_to_string(&path).unwrap().contains(".route(") {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn no_route_is_made_past_the_list() {
        let mut found = Vec::new();
        makers(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        found.sort();
        // The metrics have an address of their own, for those who can reach it.
        assert_eq!(found, ["metrics.rs", "routes.rs"]);
    }
}
