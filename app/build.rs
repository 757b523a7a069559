//! Turns the words in `locales/` into the module `i18n`, so that a key that is missing or misspelt does not compile.

use std::{env, error::Error, path::PathBuf};

use leptos_i18n_build::{Config, ParseOptions, TranslationsInfos, options::CodegenOptions};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?);
    // The first locale is the default.
    let locales = Config::new("ko")?.add_locale("en")?;
    // Words with values in them are needed as text, too, not only as views.
    let locales = locales.parse_options(ParseOptions::default().interpolate_display(true));
    let words = TranslationsInfos::parse(locales)?;
    words.emit_diagnostics();
    words.rerun_if_locales_changed();
    let attributes =
        "#![allow(missing_docs, clippy::all, clippy::needless_pass_by_value, reason = \"generated\")]";
    let options = CodegenOptions::default().gen_docs(false).top_level_attributes(Some(attributes.parse()?));
    words.generate_i18n_module_with_options(out.join("i18n"), options)?;
    Ok(())
}
