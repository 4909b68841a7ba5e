//! Draws maps as a picture (SVG) for documents. It shows the same as the text.

use std::fmt::Write;

use crate::draw::{self, Stretch};
use crate::map::{Kind, Map};

/// The height of a line of text. All sizes are in pixels.
const LINE: usize = 16;
const COLUMN: usize = 170;
const SCALE: usize = 90;
const MARGIN: usize = 12;
/// The width of a character, as a fraction. Characters of monospaced fonts are about 0.6 times as wide
/// as the font size, which is 12.
const LETTER: (usize, usize) = (75, 10);

/// Draws one picture with the maps below each other.
pub fn picture(maps: &[&Map]) -> String {
    let columns = maps.iter().map(|map| draw::owners(map).len()).max().unwrap_or(0);
    let lines = maps.iter().flat_map(|map| {
        let sentences = map.overlaps().iter().map(draw::sentence).collect::<Vec<_>>();
        [draw::title(map)].into_iter().chain(sentences)
    });
    let longest = lines.map(|line| line.chars().count()).max().unwrap_or(0);
    let width = 2 * MARGIN + (SCALE + columns * COLUMN).max(longest * LETTER.0 / LETTER.1);
    let mut body = String::new();
    let mut top = MARGIN;
    for map in maps {
        top = draw_map(&mut body, map, top);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{top}\" viewBox=\"0 0 {width} \
         {top}\" font-family=\"ui-monospace, monospace\" font-size=\"12\" fill=\"#1f2328\">\n\
         <rect width=\"{width}\" height=\"{top}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

/// Draws one map that starts at `top`, and returns where it ends.
fn draw_map(body: &mut String, map: &Map, top: usize) -> usize {
    let mut top = top + LINE;
    text(body, MARGIN, top, "start", "font-weight=\"bold\"", &draw::title(map));
    top += LINE + LINE / 2;
    for (column, owner) in draw::owners(map).iter().enumerate() {
        text(body, left_of(column) + COLUMN / 2, top, "middle", "font-weight=\"bold\"", owner);
    }
    top += LINE / 2;
    let from = top;
    let stretches = draw::stretches(map);
    for stretch in &stretches {
        let height = stretch.lines() * LINE + LINE / 2;
        address(body, top, stretch.range.start);
        parts(body, stretch, top, height);
        top += height;
    }
    address(body, top, stretches.last().map_or(0, |stretch| stretch.range.end));
    rectangle(body, (MARGIN + SCALE - 1, from), (1, top - from), "fill=\"#1f2328\"");
    top += LINE;
    for overlap in &map.overlaps() {
        top += LINE;
        text(body, MARGIN, top, "start", "fill=\"#b3261e\"", &draw::sentence(overlap));
    }
    top + LINE
}

fn parts(body: &mut String, stretch: &Stretch<'_>, top: usize, height: usize) {
    for (column, part) in stretch.parts.iter().enumerate() {
        let Some(part) = part else { continue };
        let fill = match part.region.kind {
            Kind::Data | Kind::Slots => "#9ecae9",
            Kind::Zeroed => "#d6e9f5",
            Kind::Stack => "#f6d186",
            Kind::Heap => "#c9e4c5",
        };
        let left = left_of(column);
        rectangle(body, (left, top), (COLUMN - 8, height), &format!("fill=\"{fill}\""));
        if stretch.overlaps {
            let mark = "fill=\"none\" stroke=\"#b3261e\" stroke-width=\"2\" stroke-dasharray=\"5 3\"";
            rectangle(body, (left + 1, top + 1), (COLUMN - 10, height - 2), mark);
        }
        if part.begins {
            let label = draw::label(part.region);
            text(body, left + (COLUMN - 8) / 2, top + LINE, "middle", "", &label);
        }
    }
}

fn left_of(column: usize) -> usize {
    MARGIN + SCALE + 8 + column * COLUMN
}

fn address(body: &mut String, top: usize, address: u64) {
    text(body, MARGIN + SCALE - 8, top + 4, "end", "", &address.to_string());
    rectangle(body, (MARGIN + SCALE - 5, top), (5, 1), "fill=\"#1f2328\"");
}

fn rectangle(body: &mut String, (x, y): (usize, usize), (width, height): (usize, usize), style: &str) {
    writeln!(body, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {style}/>")
        .expect("writing to a String cannot fail");
}

fn text(body: &mut String, x: usize, y: usize, anchor: &str, style: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    writeln!(body, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" {style}>{text}</text>")
        .expect("writing to a String cannot fail");
}
