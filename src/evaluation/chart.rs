//! A picture of a summary: the risk-coverage curve and the reliability diagram, as one SVG that needs nothing beside it.

use std::fmt::Write;

use super::metrics::{Bin, Risk};
use super::summary::Summary;

/// What the picture shows beside the figures.
pub struct Caption<'c> {
    /// What was measured.
    pub title: &'c str,
    /// The wrong rate that is accepted, where one is.
    pub accepted: Option<f64>,
}

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 420.0;
/// Points of a curve; more than pixels show nothing more.
const POINTS: usize = 400;
/// Below this share of the messages a rate is one of very few answers: it does not decide how high the axis is.
const STEADY: f64 = 0.05;

/// No variables and no script: a viewer outside of a browser shows it too, in the light colours.
const STYLE: &str = "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#24292f}\
.title{font-size:15px;font-weight:600}.head{font-size:13px;font-weight:600}.small{font-size:11px;fill:#57606a}.ground{fill:#fff}\
.grid{stroke:#d8dee4;stroke-width:1}.axis{stroke:#57606a;stroke-width:1}.line{fill:none;stroke:#0b63ce;stroke-width:2}\
.bound{fill:none;stroke:#b35900;stroke-width:1.5;stroke-dasharray:5 3}.accepted{stroke:#1a7f37;stroke-width:1.5;stroke-dasharray:2 3}\
.here{stroke:#57606a;stroke-width:1;stroke-dasharray:3 3}.dot{fill:#0b63ce}.bar{fill:#0b63ce;fill-opacity:.25}.ideal{stroke:#57606a;stroke-dasharray:4 4}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9da7b3}.ground{fill:#0d1117}.grid{stroke:#30363d}.axis,.here,.ideal{stroke:#9da7b3}\
.line{stroke:#6cb6ff}.bound{stroke:#f0a050}.accepted{stroke:#57c46a}.dot{fill:#6cb6ff}.bar{fill:#6cb6ff;fill-opacity:.3}}";

/// One of the two diagrams.
struct Panel {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    /// The value at the top; the bottom is 0.
    highest: f64,
}

impl Panel {
    /// Where a share of the width and a value are.
    fn at(&self, across: f64, up: f64) -> (f64, f64) {
        (self.left + across * self.width, self.top + (1.0 - up / self.highest) * self.height)
    }

    fn right(&self) -> f64 {
        self.left + self.width
    }

    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Grid, numbers and the names of the axes.
    fn frame(&self, svg: &mut String, across: &str, up: &str, ticks: usize) {
        for tick in 0..=ticks {
            let value = self.highest * tick as f64 / ticks as f64;
            let (_, y) = self.at(0.0, value);
            let class = if tick == 0 { "axis" } else { "grid" };
            let _ = write!(svg, "<line class='{class}' x1='{:.1}' y1='{y:.1}' x2='{:.1}' y2='{y:.1}'/>", self.left, self.right());
            let _ = write!(
                svg,
                "<text class='small' x='{:.1}' y='{:.1}' text-anchor='end'>{}</text>",
                self.left - 6.0,
                y + 4.0,
                percent(value)
            );
        }
        for tick in 0..=5 {
            let share = f64::from(tick) / 5.0;
            let (x, _) = self.at(share, 0.0);
            let _ = write!(
                svg,
                "<text class='small' x='{x:.1}' y='{:.1}' text-anchor='middle'>{}</text>",
                self.bottom() + 16.0,
                percent(share)
            );
        }
        let (middle, _) = self.at(0.5, 0.0);
        let _ = write!(svg, "<text x='{middle:.1}' y='{:.1}' text-anchor='middle'>{across}</text>", self.bottom() + 36.0);
        let (x, y) = (self.left - 44.0, self.top + self.height / 2.0);
        let _ = write!(svg, "<text x='{x:.1}' y='{y:.1}' text-anchor='middle' transform='rotate(-90 {x:.1} {y:.1})'>{up}</text>");
    }
}

/// Draws it.
pub fn draw(summary: &Summary, caption: &Caption<'_>) -> String {
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' role='img' \
         aria-labelledby='what'><title id='what'>{title}: wrong answers by share of messages answered, and how far confidence can be \
         believed</title><style>{STYLE}</style><rect class='ground' width='{WIDTH}' height='{HEIGHT}'/>\
         <text class='title' x='24' y='28'>{title}</text>",
        title = escaped(caption.title)
    );
    risk(&mut svg, summary, caption.accepted);
    reliability(&mut svg, &summary.bins);
    svg.push_str("</svg>\n");
    svg
}

fn risk(svg: &mut String, summary: &Summary, accepted: Option<f64>) {
    let steady = summary.curve.iter().filter(|risk| risk.coverage >= STEADY).map(|risk| risk.wrong_rate);
    let highest = steady.chain(accepted.map(|rate| 2.0 * rate)).chain([summary.operating.wrong_rate]).fold(0.0, f64::max);
    // Some air above the curve, and a number that five lines divide well.
    let highest = ((highest * 1.15 * 10.0).ceil() / 10.0).clamp(0.1, 1.0);
    let panel = Panel { left: 74.0, top: 92.0, width: 366.0, height: 250.0, highest };
    let _ = write!(svg, "<text class='head' x='{}' y='54'>How often answers are wrong</text>", panel.left);
    let legend = [("line", "wrong rate"), ("bound", "at most (90 %)"), ("accepted", "accepted")];
    let shown = if accepted.is_some() { &legend[..] } else { &legend[..2] };
    for (place, (class, name)) in shown.iter().enumerate() {
        let x = panel.left + 125.0 * place as f64;
        let _ = write!(
            svg,
            "<line class='{class}' x1='{x}' y1='72' x2='{}' y2='72'/><text class='small' x='{}' y='76'>{name}</text>",
            x + 22.0,
            x + 28.0
        );
    }
    panel.frame(svg, "share of messages answered", "wrong answers", 5);
    let _ = write!(
        svg,
        "<clipPath id='inside'><rect x='{}' y='{}' width='{}' height='{}'/></clipPath><g clip-path='url(#inside)'>",
        panel.left,
        panel.top - 1.0,
        panel.width,
        panel.height + 2.0
    );
    curve(svg, &panel, &summary.curve, "bound", |risk| risk.upper_bound);
    curve(svg, &panel, &summary.curve, "line", |risk| risk.wrong_rate);
    svg.push_str("</g>");
    if let Some(rate) = accepted.filter(|rate| *rate <= highest) {
        let (left, y) = panel.at(0.0, rate);
        let _ = write!(svg, "<line class='accepted' x1='{left:.1}' y1='{y:.1}' x2='{:.1}' y2='{y:.1}'/>", panel.right());
    }
    let here = &summary.operating;
    if here.answered > 0 {
        let (x, y) = panel.at(here.coverage, here.wrong_rate.min(highest));
        let (anchor, beside) = if here.coverage > 0.6 { ("end", x - 6.0) } else { ("start", x + 6.0) };
        let _ = write!(
            svg,
            "<line class='here' x1='{x:.1}' y1='{:.1}' x2='{x:.1}' y2='{:.1}'/><circle class='dot' cx='{x:.1}' cy='{y:.1}' r='4.5'/>\
             <text class='small' x='{beside:.1}' y='{:.1}' text-anchor='{anchor}'>threshold {:.2}: {} answered, {} wrong</text>",
            panel.top,
            panel.bottom(),
            panel.top + 12.0,
            here.threshold,
            here.answered,
            here.wrong
        );
    }
}

fn curve(svg: &mut String, panel: &Panel, curve: &[Risk], class: &str, value: impl Fn(&Risk) -> f64) {
    if curve.is_empty() {
        return;
    }
    let step = curve.len().div_ceil(POINTS);
    // The last point is where everything is answered; it is never left out.
    let kept = curve.iter().enumerate().filter(|(place, _)| place % step == 0 || place + 1 == curve.len());
    let points: Vec<String> = kept
        .map(|(_, risk)| {
            let (x, y) = panel.at(risk.coverage, value(risk));
            format!("{x:.1},{y:.1}")
        })
        .collect();
    let _ = write!(svg, "<polyline class='{class}' points='{}'/>", points.join(" "));
}

fn reliability(svg: &mut String, bins: &[Bin]) {
    let panel = Panel { left: 530.0, top: 92.0, width: 346.0, height: 250.0, highest: 1.0 };
    let _ = write!(svg, "<text class='head' x='{}' y='54'>How far confidence can be believed</text>", panel.left);
    let _ = write!(svg, "<text class='small' x='{}' y='72'>share right by confidence; on top the number of messages</text>", panel.left);
    panel.frame(svg, "confidence", "share right", 5);
    let width = 1.0 / bins.len().max(1) as f64;
    for bin in bins {
        let (x, y) = panel.at(bin.from, bin.right);
        let pixels = width * panel.width;
        let _ = write!(
            svg,
            "<rect class='bar' x='{:.1}' y='{y:.1}' width='{:.1}' height='{:.1}'/><text class='small' x='{:.1}' y='{:.1}' text-anchor='middle'>{}</text>",
            x + 1.0,
            pixels - 2.0,
            panel.bottom() - y,
            x + pixels / 2.0,
            panel.top - 4.0,
            bin.count
        );
    }
    let ((from_x, from_y), (to_x, to_y)) = (panel.at(0.0, 0.0), panel.at(1.0, 1.0));
    let _ = write!(svg, "<line class='ideal' x1='{from_x:.1}' y1='{from_y:.1}' x2='{to_x:.1}' y2='{to_y:.1}'/>");
    for bin in bins.iter().filter(|bin| bin.count > 0) {
        let (x, y) = panel.at(bin.confidence, bin.right);
        let _ = write!(svg, "<circle class='dot' cx='{x:.1}' cy='{y:.1}' r='3.5'/>");
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if (percent - percent.round()).abs() < 1e-9 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // XML 1.0 knows no other control characters, not even escaped.
            other if other.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidence::Judged;
    use crate::evaluation::metrics;

    fn summary(messages: usize) -> Summary {
        let judged: Vec<Judged> = (0..messages)
            .map(|number| Judged { confidence: number as f64 / messages as f64, right: number * 7 % 10 < number * 10 / messages })
            .collect();
        Summary {
            messages,
            answerable: messages,
            right_first: 0.5,
            resolved_at_80: 0.5,
            resolved_at_90: 0.5,
            resolved_at_95: 0.5,
            auroc: None,
            calibration_error: 0.1,
            operating: metrics::risk_at(&judged, messages, 0.6),
            risks: metrics::risk_table(&judged, messages),
            curve: metrics::risk_curve(&judged, messages),
            bins: metrics::reliability(&judged),
        }
    }

    #[test]
    fn the_picture_is_well_formed_and_bounded() {
        for messages in [0, 1, 10, 5_000] {
            let svg = draw(&summary(messages), &Caption { title: "a <b> & 'c'\u{0}", accepted: Some(0.05) });
            assert!(svg.contains(">a &lt;b&gt; &amp; 'c' <") && !svg.contains("NaN") && !svg.contains("inf"), "{messages}: {svg}");
            let tags = |start: &str| svg.matches(start).count();
            assert_eq!((tags("<svg"), tags("<g "), tags("<text")), (tags("</svg>"), tags("</g>"), tags("</text>")));
            assert!(svg.len() < 40_000, "{}", svg.len());
            assert_eq!(tags("<polyline"), if messages == 0 { 0 } else { 2 });
        }
    }

    #[test]
    fn the_curve_ends_where_all_are_answered() {
        let svg = draw(&summary(5_000), &Caption { title: "t", accepted: None });
        // The right end of the panel, at 74 + 366.
        assert!(
            svg.split("class='line' points='")
                .nth(1)
                .unwrap()
                .split('\'')
                .next()
                .unwrap()
                .rsplit(' ')
                .next()
                .unwrap()
                .starts_with("440.0,")
        );
        assert!(!svg.contains("class='accepted'"));
    }
}
