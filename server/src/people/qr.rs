//! QR codes as SVG.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// The white border that readers need, in modules (ISO/IEC 18004, "quiet zone").
const BORDER: i32 = 4;

/// Returns the code of a text, if it is not too long for one. It is black on white in dark mode, too, because not
/// every reader takes an inverted code.
pub(crate) fn svg(text: &str, label: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            if run > 0 {
                // Writing to a String does not fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += i32::try_from(run).unwrap_or_default() + 1;
        }
    }
    let (from, side) = (-BORDER, code.size() + 2 * BORDER);
    Some(format!(
        "<svg class=\"qr\" viewBox=\"{from} {from} {side} {side}\" role=\"img\" aria-label=\"{}\">\
         <rect x=\"{from}\" y=\"{from}\" width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>",
        escaped(label)
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let text = "https://iutsai.example/join/K7M4-Q2XP-9TRA";
        let svg = svg(text, "a \"code\"").unwrap_or_default();
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).expect("it fits");
        let side = code.size();
        let dark = (0..side * side).filter(|at| code.get_module(at % side, at / side)).count();
        let drawn = svg
            .split('M')
            .skip(1)
            .filter_map(|run| run.split_once('h')?.1.split('v').next()?.parse::<usize>().ok());
        assert_eq!(drawn.sum::<usize>(), dark);
        assert!(svg.contains("aria-label=\"a &quot;code&quot;\"") && !svg.contains("style"), "{svg}");
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert_eq!(svg(&"x".repeat(5_000), ""), None);
    }
}
