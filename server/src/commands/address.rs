//! The call that an address names, and the pages that belong to an address.

use axum::extract::{FromRequestParts, Path};
use backend::calls::CallAddress;
use domain::{AlertId, InvalidName};
use http::Uri;
use url::form_urlencoded;

use crate::{
    problem::{Kind, Problem},
    state::AppState,
};

/// The parameters of an address that name a call besides its id.
const HOUSE: &str = "house";
const LINE: &str = "line";

/// The call in the address, by its id, and by `?house=` and `?line=` where they are given.
pub(crate) struct Call(pub(super) CallAddress);

impl FromRequestParts<AppState> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &AppState) -> Result<Self, Problem> {
        let path = Path::<AlertId>::from_request_parts(parts, state).await;
        let Path(id) =
            path.map_err(|_| Kind::NOT_FOUND.because("The call's id in the address is not a UUID."))?;
        let query = parts.uri.query();
        Ok(Self(CallAddress { id, house: name_in(query, HOUSE)?, line: name_in(query, LINE)? }))
    }
}

/// Reads the name of a house or a line from an address. An empty one counts as none.
fn name_in<T: TryFrom<String, Error = InvalidName>>(
    query: Option<&str>,
    parameter: &str,
) -> Result<Option<T>, Problem> {
    let Some(name) = parameter_of(query, parameter) else { return Ok(None) };
    let invalid = |error| Kind::INVALID.because(format!("The name {parameter} in the address {error}."));
    T::try_from(name).map(Some).map_err(invalid)
}

/// Returns what the address gives for a parameter, without the white space around it; `None` for nothing.
fn parameter_of(query: Option<&str>, parameter: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let (_, value) = pairs.find(|(name, _)| name == parameter)?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The page of a call.
pub(super) fn page_of_call(CallAddress { id, house, line }: &CallAddress) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(house.iter().map(|house| (HOUSE, house.as_str())));
    query.extend_pairs(line.iter().map(|line| (LINE, line.as_str())));
    let query = query.finish();
    if query.is_empty() { format!("/call/{id}") } else { format!("/call/{id}?{query}") }
}

/// The page whose form sends to this address.
pub(super) fn page_of(uri: &Uri) -> String {
    match uri.path().strip_prefix("/alert/").and_then(|rest| rest.split('/').next()) {
        Some(id) => format!("/call/{id}"),
        None if uri.path() == "/alert" => "/call".into(),
        None => "/".into(),
    }
}

/// Returns the parameters of the address that name a call. The page to which a refused form leads has them, too.
pub(super) fn named_in(uri: &Uri) -> Vec<(String, String)> {
    let given = |name: &str| Some((name.to_owned(), parameter_of(uri.query(), name)?));
    [HOUSE, LINE].into_iter().filter_map(given).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_house_or_none() {
        let house = |query| name_in::<domain::House>(query, HOUSE);
        let named = domain::House::new("1203").unwrap();
        for query in ["house=1203", "line=101-1&house=%201203+", "house=1203&house=1204"] {
            assert_eq!(house(Some(query)), Ok(Some(named.clone())), "{query}");
        }
        for query in [None, Some(""), Some("house="), Some("house=+"), Some("homes=1203")] {
            assert_eq!(house(query), Ok(None), "{query:?}");
        }
        assert_eq!(house(Some("house=12%2F03")).unwrap_err().kind, Kind::INVALID);
        let (id, line) = (AlertId::generate(), domain::Line::new("101동 1라인").ok());
        let page = page_of_call(&CallAddress { id, house: Some(named), line });
        assert_eq!(page, format!("/call/{id}?house=1203&line=101%EB%8F%99+1%EB%9D%BC%EC%9D%B8"));
    }
}
