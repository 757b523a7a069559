//! A picture's kind, and the rectangle that its coordinates fill, read from its first octets.

use std::{
    fmt,
    hash::{DefaultHasher, Hasher},
};

use bytes::Bytes;

const PNG: &str = "image/png";
const SVG: &str = "image/svg+xml";
/// The difference in proportions between an SVG's size and its viewBox that nobody sees.
const SAME_PROPORTIONS: f64 = 0.01;

/// A picture that pages may show.
#[derive(Clone)]
pub struct Picture {
    /// The file as it is.
    pub octets: Bytes,
    /// Its media type.
    pub content_type: &'static str,
    /// The name of this version, in quotes as in an `ETag`.
    pub tag: String,
    /// The rectangle that its coordinates fill.
    pub(super) frame: Frame,
}

/// A rectangle in pixels, or in the user units of an SVG; y grows downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Picture {
    /// Reads an SVG or a PNG.
    ///
    /// # Errors
    /// The rest of a sentence that begins with the file's name.
    pub(super) fn read(octets: Vec<u8>) -> Result<Self, &'static str> {
        let (content_type, frame) = match png(&octets) {
            Some(frame) => (PNG, frame),
            None => (SVG, svg(&octets)?),
        };
        if ![frame.width, frame.height].into_iter().all(is_length) {
            return Err("has no size; save it anew");
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(&octets);
        let tag = format!("\"{:016x}\"", hasher.finish());
        Ok(Self { octets: octets.into(), content_type, tag, frame })
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture").field("tag", &self.tag).field("frame", &self.frame).finish_non_exhaustive()
    }
}

impl Frame {
    pub(super) fn contains(&self, x: f64, y: f64) -> bool {
        (self.x..=self.x + self.width).contains(&x) && (self.y..=self.y + self.height).contains(&y)
    }
}

/// Reads the header of a PNG (PNG specification, sections 5.2 and 11.2.1).
fn png(octets: &[u8]) -> Option<Frame> {
    let header = octets.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let (width, rest) = header.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    let number = |octets: &[u8; 4]| f64::from(u32::from_be_bytes(*octets));
    Some(Frame { x: 0.0, y: 0.0, width: number(width), height: number(height) })
}

fn is_length(number: f64) -> bool {
    number.is_finite() && number > 0.0
}

/// Reads the viewBox of an SVG, or else its width and height.
fn svg(octets: &[u8]) -> Result<Frame, &'static str> {
    let text = std::str::from_utf8(octets).ok();
    let root = text.and_then(root).ok_or("is neither an SVG nor a PNG; save the plan as one of them")?;
    let length = |name| attribute(root, name)?.trim().trim_end_matches("px").parse::<f64>().ok();
    let size = length("width").zip(length("height"));
    let Some(view_box) = attribute(root, "viewBox") else {
        let (width, height) = size.ok_or("has neither a viewBox nor a width and a height; add a viewBox")?;
        return Ok(Frame { x: 0.0, y: 0.0, width, height });
    };
    let numbers = view_box.split([' ', ',', '\t', '\n', '\r']).filter(|part| !part.is_empty());
    let numbers: Result<Vec<_>, _> = numbers.map(str::parse::<f64>).collect();
    let Ok([x, y, width, height]) = numbers.as_deref() else {
        return Err("has a viewBox that is not four numbers; write one such as viewBox=\"0 0 800 520\"");
    };
    let frame = Frame { x: *x, y: *y, width: *width, height: *height };
    // A browser leaves margins where they differ, and the plan would lie beside its place.
    let fits = size.is_none_or(|(width, height)| {
        let stretched = (width * frame.height) / (height * frame.width);
        (stretched - 1.0).abs() <= SAME_PROPORTIONS
    });
    if !fits {
        return Err("has a width and a height of other proportions than its viewBox; remove both");
    }
    Ok(frame)
}

/// Returns what follows `<svg` of the root element.
fn root(text: &str) -> Option<&str> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!") {
            // A document type may declare entities between brackets, as those of Illustrator do.
            let declares =
                rest.find('[').is_some_and(|bracket| rest.find('>').is_some_and(|end| bracket < end));
            if declares { "]>" } else { ">" }
        } else {
            break;
        };
        rest = rest.split_once(end)?.1.trim_start();
    }
    rest.strip_prefix("<svg").filter(|rest| rest.starts_with([' ', '\t', '\n', '\r', '>', '/']))
}

/// Returns an attribute's value of the tag whose attributes `rest` begins with.
fn attribute<'a>(mut rest: &'a str, name: &str) -> Option<&'a str> {
    loop {
        let (found, after) = rest.split_once('=')?;
        if found.contains('>') {
            return None;
        }
        let after = after.trim_start();
        let quote = after.chars().next().filter(|first| matches!(first, '"' | '\''))?;
        let (value, then) = after[1..].split_once(quote)?;
        if found.trim() == name {
            return Some(value);
        }
        rest = then;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(octets: &[u8]) -> Result<(f64, f64, f64, f64), &'static str> {
        Picture::read(octets.to_vec())
            .map(|Picture { frame, .. }| (frame.x, frame.y, frame.width, frame.height))
    }

    #[test]
    fn an_svg_is_as_large_as_its_view_box() {
        for svg in [
            r#"<svg viewBox="0 0 800 520"/>"#,
            "\u{feff}<?xml version='1.0'?>\n<!-- <svg viewBox=\"0 0 1 1\"> -->\n<svg\tviewBox='0,0,800,520'>",
            r#"<!DOCTYPE svg [ <!ENTITY ns "a>b"> ]><svg data-a="1 > 0" viewBox="0 0 800 520" width="100%">"#,
            r#"<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"><svg width="400px" height="260" viewBox="0 0 800 520">"#,
            r#"<svg width="800" height="520px"><rect viewBox="0 0 1 1"/></svg>"#,
        ] {
            assert_eq!(frame(svg.as_bytes()), Ok((0.0, 0.0, 800.0, 520.0)), "{svg}");
        }
        assert_eq!(frame(br#"<svg viewBox="-400 -260 800 520">"#), Ok((-400.0, -260.0, 800.0, 520.0)));
    }

    #[test]
    fn a_png_is_as_large_as_its_header_states() {
        let icon = include_bytes!("../../../public/icon-192.png");
        assert_eq!(frame(icon), Ok((0.0, 0.0, 192.0, 192.0)));
        assert_eq!(Picture::read(icon.to_vec()).unwrap().content_type, "image/png");
        assert!(frame(&icon[..20]).unwrap_err().contains("neither an SVG nor a PNG"));
    }

    #[test]
    fn a_picture_that_cannot_be_placed_is_refused_with_the_remedy() {
        for (octets, sentence) in [
            ("", "save the plan as one of them"),
            ("\u{ff}\u{d8} JPEG", "save the plan as one of them"),
            ("<html><svg viewBox='0 0 1 1'></html>", "save the plan as one of them"),
            ("<!-- <svg viewBox='0 0 1 1'>", "save the plan as one of them"),
            ("<svg width='210mm' height='297mm'>", "add a viewBox"),
            ("<svg><g viewBox='0 0 1 1'>", "add a viewBox"),
            ("<svg viewBox='0 0 800'>", "four numbers"),
            ("<svg viewBox='0 0 wide 520'>", "four numbers"),
            ("<svg viewBox='0 0 0 520'>", "has no size"),
            ("<svg viewBox='0 0 NaN 520'>", "has no size"),
            ("<svg viewBox='0 0 800 520' width='800' height='800'>", "remove both"),
        ] {
            let error = frame(octets.as_bytes()).unwrap_err();
            assert!(error.contains(sentence), "{octets}: {error}");
        }
    }

    #[test]
    fn another_picture_has_another_tag() {
        let tag = |svg: &str| Picture::read(svg.as_bytes().to_vec()).unwrap().tag;
        assert_eq!(tag("<svg viewBox='0 0 1 1'/>"), tag("<svg viewBox='0 0 1 1'/>"));
        assert_ne!(tag("<svg viewBox='0 0 1 1'/>"), tag("<svg viewBox='0 0 1 2'/>"));
    }
}
