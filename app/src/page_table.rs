//! The table of pages, with each address, its audience, and whether it comes to life in the browser. The router, the
//! server's handlers and the service worker (`public/worker/pages.js`) read it; a test compares the worker's copy.

/// The people that may open a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody.
    Anybody,
    /// People that are not signed in; others are led to the start page.
    SignedOut,
    /// People that are signed in; others are led to the sign-in page.
    SignedIn,
    /// Administrators. Others that are signed in read whose page it is, and the rest are led to the sign-in page.
    Administrators,
}

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its address; a segment in braces stands for any text.
    pub path: &'static str,
    /// The people who may open it.
    pub audience: Audience,
    /// It loads the wasm. The others are plain HTML and need nothing else.
    pub is_hydrated: bool,
}

/// The start page.
pub const HOME: Page = Page { path: "/", audience: Audience::SignedIn, is_hydrated: true };
/// Signing in.
pub const SIGN_IN: Page = Page { path: "/sign-in", audience: Audience::SignedOut, is_hydrated: false };
/// Confirms a call, for browsers without wasm and for addresses that ask for one.
pub const CALL: Page = Page { path: "/call", audience: Audience::SignedIn, is_hydrated: true };
/// The state of a call.
pub const CALL_STATE: Page = Page { path: "/call/{id}", audience: Audience::SignedIn, is_hydrated: false };
/// The past calls of a line.
pub const CALLS: Page = Page { path: "/calls", audience: Audience::SignedIn, is_hydrated: false };
/// The devices that are reached while no page is open.
pub const DEVICES: Page = Page { path: "/devices", audience: Audience::SignedIn, is_hydrated: false };
/// The data held about the person who is signed in, with those who were shown their location.
pub const ME: Page = Page { path: "/me", audience: Audience::SignedIn, is_hydrated: false };
/// Deleting the own account.
pub const ME_LEAVE: Page = Page { path: "/me/leave", audience: Audience::SignedIn, is_hydrated: false };
/// The password, the second factor and the sessions of a person.
pub const MY_SIGN_IN: Page = Page { path: "/me/sign-in", audience: Audience::SignedIn, is_hydrated: false };
/// Putting the page on the home screen.
pub const INSTALL: Page = Page { path: "/install", audience: Audience::Anybody, is_hydrated: false };
/// The numbers of the management office.
pub const STATISTICS: Page =
    Page { path: "/admin/statistics", audience: Audience::Administrators, is_hydrated: false };
/// The buildings, lines, houses and people of the complex.
pub const PEOPLE: Page = of_office("/admin/people");
/// Importing houses.
pub const PEOPLE_IMPORT: Page = of_office("/admin/people/import");
/// Invitations to print.
pub const PEOPLE_CARDS: Page = of_office("/admin/people/cards");
/// The drills, with the form that starts one, and the houses that the last ones did not reach.
pub const DRILLS: Page = of_office("/admin/drills");
/// The records of acts.
pub const AUDIT: Page = of_office("/admin/audit");
/// The open calls for the screen on the office's wall. A screen with a token reads it, too.
pub const BOARD: Page = of_office("/admin/board");
/// The screens that show the board.
pub const DISPLAYS: Page = of_office("/admin/board/displays");
/// The rules for calls that nobody comes to.
pub const ESCALATION: Page = of_office("/admin/escalation");
/// Writing the code of an invitation.
pub const JOIN: Page = Page { path: "/join", audience: Audience::Anybody, is_hydrated: false };
/// Joining by an invitation.
pub const INVITATION: Page = Page { path: "/join/{code}", audience: Audience::Anybody, is_hydrated: false };

/// Every page.
pub const PAGES: [Page; 21] = [
    HOME,
    SIGN_IN,
    CALL,
    CALL_STATE,
    CALLS,
    DEVICES,
    ME,
    ME_LEAVE,
    MY_SIGN_IN,
    INSTALL,
    STATISTICS,
    PEOPLE,
    PEOPLE_IMPORT,
    PEOPLE_CARDS,
    DRILLS,
    AUDIT,
    BOARD,
    DISPLAYS,
    ESCALATION,
    JOIN,
    INVITATION,
];

const fn of_office(path: &'static str) -> Page {
    Page { path, audience: Audience::Administrators, is_hydrated: false }
}

/// Returns the page at an address without query.
#[must_use]
pub fn at(path: &str) -> Option<Page> {
    PAGES.into_iter().find(|page| page.is_at(path))
}

impl Page {
    /// Returns whether `path`, an address without query, is one of this page's.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        let mut asked = path.split('/');
        let fits = |segment: &str| {
            let asked = asked.next();
            if segment.starts_with('{') {
                asked.is_some_and(|text| !text.is_empty())
            } else {
                asked == Some(segment)
            }
        };
        self.path.split('/').all(fits) && asked.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_one_page_or_of_none() {
        for (path, page) in [
            ("/", Some(HOME)),
            ("/sign-in", Some(SIGN_IN)),
            ("/call", Some(CALL)),
            ("/call/0190f8a0-0000-7000-8000-000000000000", Some(CALL_STATE)),
            ("/call/", None),
            ("/call/a/b", None),
            ("/calls", Some(CALLS)),
            ("/devices", Some(DEVICES)),
            ("/me", Some(ME)),
            ("/me/leave", Some(ME_LEAVE)),
            ("/me/sign-in", Some(MY_SIGN_IN)),
            ("/install", Some(INSTALL)),
            ("/admin/statistics", Some(STATISTICS)),
            ("/admin/people/import", Some(PEOPLE_IMPORT)),
            ("/admin/board", Some(BOARD)),
            ("/admin/board/displays", Some(DISPLAYS)),
            ("/admin/board/calls", None),
            ("/admin/escalation", Some(ESCALATION)),
            ("/join", Some(JOIN)),
            ("/join/K7M4-Q2XP-9TRA", Some(INVITATION)),
            ("/admin", None),
            ("/elsewhere", None),
            ("", None),
        ] {
            assert_eq!(at(path), page, "{path}");
        }
    }

    /// The worker's file is JSON behind one assignment.
    #[test]
    fn the_service_worker_has_the_same_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/worker/pages.js");
        let file = std::fs::read_to_string(path).unwrap();
        let (_, list) = file.split_once("const PAGES = ").unwrap();
        let (list, _) = list.split_once(";\n").unwrap();
        let list: serde_json::Value = serde_json::from_str(list).unwrap();
        let ours: Vec<_> = PAGES
            .iter()
            .map(|page| {
                let signed_in = !matches!(page.audience, Audience::Anybody | Audience::SignedOut);
                serde_json::json!({ "path": page.path, "signedIn": signed_in, "hydrated": page.is_hydrated })
            })
            .collect();
        assert_eq!(list, serde_json::Value::Array(ours));
    }
}
