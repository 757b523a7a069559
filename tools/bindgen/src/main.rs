//! `bindgen INPUT.wasm OUT_DIR OUT_NAME` does to the frontend what the program `wasm-bindgen --target web` does, as a
//! member of this workspace. Cargo.lock then keeps it at the very version of the `wasm-bindgen` library that the
//! frontend was compiled with, which the two must share, and nothing has to be installed beforehand.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

/// Returns whether an export belongs to the streams of `wasm-streams`, which leptos brings and nothing here makes. The
/// wasm optimiser removes what they alone need.
fn is_unused(export: &str) -> bool {
    export.contains("intounderlying")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, out_dir, out_name] = arguments.as_slice() else {
        eprintln!("usage: bindgen INPUT.wasm OUT_DIR OUT_NAME");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let written = bindgen
        .input_path(input)
        .out_name(out_name)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .web(true)
        .and_then(Bindgen::generate_output)
        .and_then(|mut output| {
            let exports = &mut output.wasm_mut().exports;
            let unused: Vec<_> =
                exports.iter().filter(|export| is_unused(&export.name)).map(|export| export.id()).collect();
            unused.into_iter().for_each(|export| exports.delete(export));
            output.emit(out_dir)
        });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bindgen: {input}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
