//! Turns the words in `locales/` into the module `i18n`, so that a missing or misspelt key does not compile.
//!
//! This calls the parser and the generator of `leptos_i18n` directly. Its own `leptos_i18n_build` does the same and brings
//! ICU's data exporter along, which costs five minutes of compiling.

use std::{env, error::Error, fs, path::PathBuf};

use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

const ATTRIBUTES: &str =
    "#![allow(missing_docs, clippy::all, clippy::needless_pass_by_value, reason = \"generated\")]";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?);
    // The first locale is the default.
    let locales = Config::new("ko")?.add_locale("en")?;
    // Words with values in them are needed as text as well as views.
    let locales = locales.parse_options(ParseOptions::default().interpolate_display(true));
    let words = parse_locales(None, locales)?;
    for warning in words.diag.warnings().iter() {
        println!("cargo::warning={warning}");
    }
    for error in words.diag.errors().iter() {
        println!("cargo::error={error}");
    }
    for path in words.tracked_files.iter().flatten() {
        println!("cargo::rerun-if-changed={path}");
    }
    let code = leptos_i18n_codegen::gen_code(&words, None, false, Some(&ATTRIBUTES.parse()?), false)?;
    fs::write(out.join("i18n.rs"), code.to_string())?;
    Ok(())
}
