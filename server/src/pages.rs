//! The pages, with the data that the server gives them, and the redirects before one is rendered.

mod late;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use app::{
    context::{DemoAccounts, Ground, PageContext, PressAsksAfter, Tiles},
    page_table::{
        self, AUDIT, Audience, CALL, CALL_STATE, CALLS, DISPLAYS, DRILLS, HOME, INSTALL, INVITATION, JOIN,
        MY_SIGN_IN, SIGN_IN, STATISTICS,
    },
    pages::{
        audit, board as board_page, calls, drills, escalation, install, join, me, my_sign_in, people,
        sign_in, statistics,
    },
};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use backend::{
    canary::Pulse,
    people::{
        accounts::{DEMO_PASSWORD, DEMO_RESIDENTS},
        sessions::Session,
    },
};
use domain::{Resident, Role, statistics::Zone};
use http::{HeaderName, HeaderValue, Method, header, request::Parts};
use http_body_util::BodyExt;
use leptos::{nonce::Nonce, prelude::provide_context};
use url::form_urlencoded;

use crate::{
    audit as records, auth, board,
    budgets::Holder,
    config::{Settings, TileSource},
    drills as exercises, figures, headers, me as of_person, my_sign_in as own, past_calls, people as office,
    problem::{Kind, Problem, role_absent},
    sign_in::{next_of, service, sign_in_page},
    state::AppState,
};

/// Renders the page of the address, when it is its turn; an unknown address has a page, too.
pub async fn page(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let session = match auth::session(&state, &parts).await {
        Ok(credentials) => credentials.map(|credentials| credentials.session),
        // A person who cannot be looked up may still sign in, or read a page that is shown to anybody.
        Err(problem) if SIGN_IN.is_at(parts.uri.path()) => {
            tracing::debug!(problem = problem.detail, "the sign-in page is shown without a look-up");
            None
        }
        Err(problem) => return late::answer(&parts, problem),
    };
    if let Some(board) = board::entrance(&state, &parts) {
        return board;
    }
    let elsewhere = elsewhere(&parts, session.as_ref()).filter(|_| !board::has_display(&parts));
    if let Some(elsewhere) = elsewhere {
        return ([(header::CACHE_CONTROL, "no-store")], Redirect::to(&elsewhere)).into_response();
    }
    let viewer = session.as_ref().map(|session| &session.resident);
    let holder = board::holder(&state, &parts)
        .unwrap_or_else(|| Holder::new(viewer, state.proxies.sender(&parts).network()));
    let _turn = match state.budgets.pages.enter(holder).await {
        Ok(turn) => turn,
        Err(problem) => return late::answer(&parts, problem),
    };
    let extras = match extras(&state, &parts, session.as_ref()).await {
        Ok(extras) => extras,
        Err(problem) => return late::answer(&parts, problem),
    };
    let display_cookie = board::renewed_cookie(&state, &parts, viewer);
    let context = context(&state, session.map(|session| session.resident));
    let mut page = render(state, context, extras, Request::from_parts(parts, body)).await;
    if let Some(cookie) = display_cookie {
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    page
}

/// Marks a page that answers a form, whatever its status. The service worker takes an error page without it for one of a
/// proxy, and offers to send the form again.
const OWN_ANSWER: HeaderName = HeaderName::from_static("iutsai-answer");

/// Renders the page of an address to which a form was sent, with what the form led to.
pub async fn answer(state: AppState, mut parts: Parts, viewer: Option<Resident>, extras: Extras) -> Response {
    if !state.settings.roles.web {
        return role_absent("show pages", "web");
    }
    let holder = Holder::new(viewer.as_ref(), state.proxies.sender(&parts).network());
    let _turn = match state.budgets.pages.enter(holder).await {
        Ok(turn) => turn,
        Err(problem) => return late::answer(&parts, problem),
    };
    parts.method = Method::GET;
    let context = context(&state, viewer);
    let mut page = render(state, context, extras, Request::from_parts(parts, Body::empty())).await;
    page.headers_mut().insert(OWN_ANSWER, HeaderValue::from_static("form"));
    page
}

/// Answers in the place of a page that cannot be rendered yet.
pub fn late(parts: &Parts, problem: Problem) -> Response {
    late::answer(parts, problem)
}

/// Returns the complex's time zone.
pub fn zone(state: &AppState) -> Arc<dyn Zone> {
    Arc::new(state.backend.statistics.zone().clone())
}

/// The data of single pages, read before they are rendered.
#[derive(Clone, Default)]
pub struct Extras {
    /// The numbers of the office.
    pub statistics: Option<Arc<statistics::Shown>>,
    /// The people of the complex.
    pub people: Option<Arc<people::Shown>>,
    /// The past calls of a line.
    pub calls: Option<Arc<calls::Shown>>,
    /// The drills of the office.
    pub drills: Option<Arc<drills::Shown>>,
    /// An invitation.
    pub join: Option<Arc<join::Shown>>,
    /// The data held about the viewer.
    pub me: Option<Arc<me::Shown>>,
    /// The records of acts.
    pub audit: Option<Arc<audit::Shown>>,
    /// The month whose records somebody of the office must still look at.
    pub unchecked: Option<audit::Unchecked>,
    /// The ways in which the viewer signs in.
    pub my_sign_in: Option<Arc<my_sign_in::Shown>>,
    /// The housing service by which people sign in.
    pub service: Option<sign_in::Service>,
    /// The board of the office.
    pub board: Option<Arc<board_page::Shown>>,
    /// The screens that show the board.
    pub displays: Option<Arc<board_page::Displays>>,
    /// The way out of KakaoTalk's own browser.
    pub external: Option<install::External>,
    /// The rules of escalation.
    pub escalation: Option<Arc<escalation::Shown>>,
    /// The result of the service's silent calls to itself, for the office.
    pub pulse: Option<Pulse>,
}

impl Extras {
    /// Gives the page what was read for it.
    fn provide(self) {
        let Self {
            statistics,
            people,
            calls,
            drills,
            join,
            me,
            audit,
            unchecked,
            my_sign_in,
            service,
            board,
            displays,
            external,
            escalation,
            pulse,
        } = self;
        provide_some(statistics);
        provide_some(people);
        provide_some(calls);
        provide_some(drills);
        provide_some(join);
        provide_some(me);
        provide_some(audit);
        provide_some(unchecked);
        provide_some(my_sign_in);
        provide_some(service);
        provide_some(board);
        provide_some(displays);
        provide_some(external);
        provide_some(escalation);
        provide_some(pulse);
    }
}

fn provide_some<T: Send + Sync + 'static>(value: Option<T>) {
    if let Some(value) = value {
        provide_context(value);
    }
}

/// Reads what the page of an address shows. Nobody but an administrator gets what is the office's.
async fn extras(state: &AppState, parts: &Parts, session: Option<&Session>) -> Result<Extras, Problem> {
    let (path, query) = (parts.uri.path(), parts.uri.query());
    let mut extras = Extras::default();
    if INSTALL.is_at(path) {
        extras.external = office::in_kakao_talk(state, parts).map(install::External);
    }
    if SIGN_IN.is_at(path) {
        extras.service = state.settings.oidc.as_ref().map(|oidc| sign_in::Service {
            korean: oidc.korean.clone(),
            english: oidc.english.clone(),
            address: service::address(next_of(query).as_deref()),
        });
    }
    if INVITATION.is_at(path) {
        let code = path.rsplit('/').next().unwrap_or_default();
        extras.join = Some(Arc::new(office::invitation(state, parts, code).await?));
    }
    if let Some(session) = session.filter(|_| MY_SIGN_IN.is_at(path)) {
        extras.my_sign_in = Some(Arc::new(own::shown(state, session, query).await));
    }
    let viewer = session.map(|session| &session.resident);
    if let Some(viewer) = viewer {
        extras.me = of_person::shown(state, path, query, viewer).await;
    }
    extras.board = board::shown(state, parts, viewer).await;
    if let Some(viewer) = viewer.filter(|_| CALLS.is_at(path)) {
        extras.calls = Some(Arc::new(past_calls::shown(state, query, viewer).await));
    }
    if let Some(viewer) = viewer.filter(|viewer| viewer.role == Role::Administrator) {
        if CALL_STATE.is_at(path) {
            records::call_seen(state, parts, viewer);
        }
        if page_table::at(path).is_some_and(|page| page.audience == Audience::Administrators) {
            extras.unchecked = records::unchecked(state).await;
            extras.pulse = state.backend.canary.pulse();
        }
        if DRILLS.is_at(path) {
            extras.drills = Some(Arc::new(exercises::shown(state, query).await));
        }
        if AUDIT.is_at(path) {
            extras.audit = Some(Arc::new(records::shown(state, query).await));
        }
        if DISPLAYS.is_at(path) {
            extras.displays = Some(Arc::new(office::displays(state, query).await));
        }
        if STATISTICS.is_at(path) {
            extras.statistics = Some(Arc::new(figures::shown(state, query).await));
        }
        extras.people = office::shown(state, path, query).await.map(Arc::new);
        extras.escalation = office::escalation(state, path, query).await.map(Arc::new);
    }
    Ok(extras)
}

/// Returns the address to which a request is redirected. The signed out go to the sign-in page, and the signed in from
/// there to where they were going. An administrator without the second factor that is required goes to its set-up; only
/// the pages with which that person calls from the own flat stay.
fn elsewhere(parts: &Parts, session: Option<&Session>) -> Option<String> {
    let path = parts.uri.path();
    let page = page_table::at(path)?;
    if page == JOIN {
        return invitation_of(parts.uri.query());
    }
    if let Some(session) = session.filter(|session| session.is_limited) {
        let calls = [CALL, CALL_STATE].contains(&page) && session.resident.flat().is_some();
        let stays = page == MY_SIGN_IN || page.audience == Audience::Anybody || calls;
        return (!stays).then(|| MY_SIGN_IN.path.into());
    }
    match (page.audience, session) {
        (Audience::SignedIn, None) if page == HOME => Some(sign_in_page(None, None)),
        (Audience::SignedIn | Audience::Administrators, None) => {
            let next = parts.uri.path_and_query().map_or(path, |address| address.as_str());
            Some(sign_in_page(Some(next), None))
        }
        (Audience::SignedOut, Some(_)) => {
            Some(next_of(parts.uri.query()).unwrap_or_else(|| HOME.path.into()))
        }
        _ => None,
    }
}

/// Returns the page of the code that somebody wrote into the form of the page for codes.
fn invitation_of(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let (_, code) = pairs.find(|(name, _)| name == "code")?;
    let code: String = code.split_whitespace().collect();
    let code: String = form_urlencoded::byte_serialize(code.as_bytes()).collect();
    (!code.is_empty()).then(|| format!("{}/{code}", JOIN.path))
}

fn context(state: &AppState, viewer: Option<Resident>) -> PageContext {
    let flat = viewer.as_ref().and_then(Resident::flat);
    PageContext {
        reach: flat.and_then(|(line, house)| state.backend.reach.neighbours(line, Some(house))),
        viewer,
        ground: ground(&state.settings),
        demo: state.settings.demo.then(|| DemoAccounts {
            names: DEMO_RESIDENTS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            password: DEMO_PASSWORD.to_owned(),
        }),
        now: now(),
    }
}

/// Returns the ground under the map's markers. Tiles go before a plan.
pub fn ground(settings: &Settings) -> Ground {
    match (&settings.tiles, &settings.site_plan) {
        (Some(TileSource { url, attribution, .. }), _) => {
            Ground::Tiles(Tiles { url: url.clone(), attribution: attribution.clone() })
        }
        (None, Some(site_plan)) => Ground::Plan(site_plan.plan.clone()),
        (None, None) => Ground::Paper,
    }
}

/// Renders whole, because the page is small, and its rendering must not run where calls are answered.
async fn render(state: AppState, context: PageContext, extras: Extras, request: Request) -> Response {
    let nonce = Nonce::new();
    let policy = headers::page_policy(&nonce, request.headers(), state.settings.tiles.as_ref());
    let hub = state.backend.hub.clone();
    let asks_after = PressAsksAfter(millis(state.settings.press_asks_after));
    let provide = move || {
        provide_context(nonce.clone());
        provide_context(context.clone());
        provide_context(asks_after);
        provide_context(hub.clone());
        extras.clone().provide();
    };
    let options = state.leptos.clone();
    let handler = leptos_axum::render_app_async_with_context(provide, move || app::shell(options.clone()));
    let (mut parts, body) = handler(request).await.into_parts();
    let Ok(html) = body.collect().await else {
        return Kind::INTERNAL.because("The page broke off while it was made; try again.").into_response();
    };
    parts.headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Response::from_parts(parts, Body::from(html.to_bytes()))
}

fn now() -> domain::Millis {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> domain::Millis {
    domain::Millis::try_from(duration.as_millis()).unwrap_or(domain::Millis::MAX)
}

#[cfg(test)]
mod tests {
    use backend::people::sessions::SessionId;

    use super::*;

    fn session(flat: Option<(&str, &str)>, is_limited: bool) -> Session {
        let (line, house) = flat.map(|(line, house)| (line.parse().unwrap(), house.parse().unwrap())).unzip();
        let resident = Resident { name: "admin".into(), line, house, role: Role::Administrator };
        Session { id: SessionId::of_token("a token"), resident, renewed: false, is_limited }
    }

    fn sent_in(address: &str, session: Option<&Session>) -> Option<String> {
        let (parts, ()) = http::Request::get(address).body(()).unwrap().into_parts();
        elsewhere(&parts, session)
    }

    fn sent(address: &str, signed_in: bool) -> Option<String> {
        sent_in(address, signed_in.then_some(&session(None, false)))
    }

    #[test]
    fn an_administrator_without_the_required_second_factor_is_led_to_its_set_up_and_nowhere_else() {
        let (office, living_there) = (session(None, true), session(Some(("101-1", "1203")), true));
        for page in ["/", "/devices", "/admin/people", "/admin/statistics?period=7d", "/sign-in?next=%2Fcall"]
        {
            for session in [&office, &living_there] {
                assert_eq!(sent_in(page, Some(session)).as_deref(), Some("/me/sign-in"), "{page}");
            }
        }
        assert_eq!(sent_in("/call", Some(&office)).as_deref(), Some("/me/sign-in"));
        assert_eq!(sent_in("/call", Some(&living_there)), None, "an emergency waits for no set-up");
        assert_eq!(sent_in("/me/sign-in?problem=code", Some(&office)), None);
        assert_eq!(sent_in("/me/sign-in", Some(&session(None, false))), None);
    }

    #[test]
    fn the_signed_out_are_asked_to_sign_in_and_come_back_afterwards() {
        assert_eq!(sent("/", false).as_deref(), Some("/sign-in"));
        assert_eq!(sent("/call?kind=fire", false).as_deref(), Some("/sign-in?next=%2Fcall%3Fkind%3Dfire"));
        assert_eq!(sent("/sign-in", false), None);
        assert_eq!(sent("/call/a-call", false).as_deref(), Some("/sign-in?next=%2Fcall%2Fa-call"));
        assert_eq!(
            sent("/admin/statistics?period=7d", false).as_deref(),
            Some("/sign-in?next=%2Fadmin%2Fstatistics%3Fperiod%3D7d")
        );
        assert_eq!(sent("/elsewhere", false), None);
    }

    #[test]
    fn an_invitation_is_for_anybody_and_a_code_that_was_typed_leads_to_it() {
        for signed_in in [true, false] {
            assert_eq!(sent("/join/K7M4-Q2XP-9TRA", signed_in), None);
            assert_eq!(sent("/join", signed_in), None);
            assert_eq!(sent("/join?code=+", signed_in), None);
            assert_eq!(sent("/join?code=k7m4+q2xp-9tra", signed_in).as_deref(), Some("/join/k7m4q2xp-9tra"));
            assert_eq!(sent("/join?code=%2F..", signed_in).as_deref(), Some("/join/%2F.."));
        }
    }

    #[test]
    fn the_signed_in_do_not_sign_in_again() {
        assert_eq!(sent("/sign-in?problem=refused", true).as_deref(), Some("/"));
        assert_eq!(sent("/sign-in?problem=cookie&next=%2Fcall%3Fa", true).as_deref(), Some("/call?a"));
        assert_eq!(sent("/sign-in?next=%2F%2Fevil.example", true).as_deref(), Some("/"));
        assert_eq!(sent("/", true), None);
        assert_eq!(sent("/call", true), None);
    }
}
