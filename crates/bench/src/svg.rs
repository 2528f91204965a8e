//! A chart as SVG: two axes, and bars or lines between them.

use std::fmt::Write;

use crate::report::number;

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 56.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 60.0;

/// An axis.
pub(crate) struct Scale {
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Whether equal steps are equal ratios.
    pub(crate) log: bool,
}

impl Scale {
    /// From 0 at `min` to 1 at `max`.
    fn place(&self, value: f64) -> f64 {
        let on = |value: f64| if self.log { value.max(1e-9).log10() } else { value };
        ((on(value) - on(self.min)) / (on(self.max) - on(self.min))).clamp(0.0, 1.0)
    }
}

/// A chart that is being drawn.
pub(crate) struct Chart {
    x: Scale,
    y: Scale,
    svg: String,
    legend_x: f64,
}

impl Chart {
    /// The frame, with lines across for these values.
    pub(crate) fn new(title: &str, unit: &str, x: Scale, y: Scale, lines: &[f64]) -> Chart {
        let mut svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="14" fill="#222">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
<text x="20" y="30" font-size="18" font-weight="bold">{title}</text>
"##
        );
        let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
        svg += &format!(
            "<text x=\"20\" y=\"{middle}\" transform=\"rotate(-90 20 {middle})\" text-anchor=\"middle\">{unit}</text>\n"
        );
        let mut chart = Chart { x, y, svg, legend_x: LEFT };
        for value in lines {
            let y = chart.down(*value);
            let (right, label) = (WIDTH - RIGHT, number(*value));
            chart.add(format_args!(r##"<path d="M{LEFT} {y:.1}H{right}" stroke="#ddd"/>"##));
            chart.text(LEFT - 8.0, y + 5.0, "end", &label);
        }
        chart
    }

    /// A name in the legend.
    pub(crate) fn name(&mut self, color: &str, name: &str) {
        let (x, y) = (self.legend_x, TOP - 30.0);
        self.add(format_args!(
            r#"<rect x="{x:.1}" y="{y}" width="13" height="13" fill="{color}"/>"#
        ));
        self.text(x + 19.0, y + 12.0, "start", name);
        self.legend_x += 44.0 + 8.5 * name.chars().count() as f64;
    }

    /// What stands under the axis at a place.
    pub(crate) fn label(&mut self, x: f64, text: &str) {
        self.text(self.right(x), HEIGHT - BOTTOM + 22.0, "middle", text);
    }

    /// What the axis below is about.
    pub(crate) fn below(&mut self, text: &str) {
        self.text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14.0, "middle", text);
    }

    /// A bar from one place to another, with its value above it.
    pub(crate) fn bar(&mut self, from: f64, to: f64, value: f64, color: &str) {
        let (left, top) = (self.right(from), self.down(value));
        let (width, height) = (self.right(to) - left, HEIGHT - BOTTOM - top);
        self.add(format_args!(
            r#"<rect x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" fill="{color}"/>"#
        ));
        let middle = left + width / 2.0;
        self.add(format_args!(
            r#"<text x="{middle:.1}" y="{:.1}" font-size="11" text-anchor="middle">{}</text>"#,
            top - 4.0,
            number(value)
        ));
    }

    /// A line through points.
    pub(crate) fn line(&mut self, points: &[(f64, f64)], color: &str) {
        let mut path = String::new();
        for (n, (x, y)) in points.iter().enumerate() {
            let (x, y) = (self.right(*x), self.down(*y));
            // Writing to a string cannot fail.
            let _ = write!(path, "{}{x:.1} {y:.1}", if n == 0 { 'M' } else { 'L' });
            self.add(format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="4" fill="{color}"/>"#));
        }
        self.add(format_args!(
            r#"<path d="{path}" fill="none" stroke="{color}" stroke-width="2.5"/>"#
        ));
    }

    pub(crate) fn finish(mut self) -> String {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        self.add(format_args!(r##"<path d="M{LEFT} {bottom}H{right}" stroke="#222"/>"##));
        self.svg + "</svg>\n"
    }

    fn right(&self, x: f64) -> f64 {
        LEFT + self.x.place(x) * (WIDTH - LEFT - RIGHT)
    }

    fn down(&self, y: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(y) * (HEIGHT - BOTTOM - TOP)
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.svg, "{element}");
    }
}
