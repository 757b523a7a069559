//! The parts that many operations share, which are who may send them, their parameters, and the problems that they may
//! answer with.

use std::collections::BTreeMap;

use utoipa::openapi::{
    Content, Ref, Required,
    path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    response::ResponseBuilder,
    security::SecurityRequirement,
};

use super::schemas;
use crate::problem::Kind;

pub(super) fn signed_in(operation: OperationBuilder) -> OperationBuilder {
    let none: [&str; 0] = [];
    operation
        .security(SecurityRequirement::new("bearer", none))
        .security(SecurityRequirement::new("cookie", none))
}

/// Adds the problems that an operation may answer with. Those of one status are one response.
pub(super) fn refused(operation: OperationBuilder, kinds: &[Kind]) -> OperationBuilder {
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for kind in kinds {
        let description = format!("{} (/problems/{})", kind.title(), kind.slug());
        by_status.entry(kind.status().as_u16()).or_default().push(description);
    }
    by_status.into_iter().fold(operation, |operation, (status, descriptions)| {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description(descriptions.join("; "))
            .content("application/problem+json", problem);
        operation.response(status.to_string(), response.build())
    })
}

pub(super) fn described(what: &str) -> utoipa::openapi::Response {
    ResponseBuilder::new().description(what).build()
}

pub(super) fn in_query(name: &str, meaning: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(meaning))
        .schema(Some(schemas::name()))
        .build()
}

pub(super) fn in_path(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schemas::text()))
        .build()
}

pub(super) fn id() -> Parameter {
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schemas::uuid()))
        .build()
}
