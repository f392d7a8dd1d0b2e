//! The figures as text for people and as JSON for machines.

use std::fmt::Write;

use serde_json::{Value, json};

use super::metrics::{Ranking, Risk};
use super::summary::Summary;

/// Lines of a name and what is to be said about it.
pub fn header(lines: &[(&str, String)]) -> String {
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.iter().fold(String::new(), |mut out, (name, text)| {
        let _ = writeln!(out, "{name:width$}  {text}");
        out
    })
}

/// The figures and the table of thresholds.
pub fn figures(summary: &Summary) -> String {
    let Summary { messages, answerable, operating, .. } = summary;
    let mut out = String::new();
    let rows = [
        ("right entry first (accuracy in scope, no threshold)", number(summary.right_first)),
        ("resolved at 80 % precision", number(summary.resolved_at_80)),
        ("resolved at 90 % precision", number(summary.resolved_at_90)),
        ("resolved at 95 % precision", number(summary.resolved_at_95)),
        ("AUROC of the confidence", summary.auroc.map_or_else(|| "-".to_owned(), number)),
        ("expected calibration error", number(summary.calibration_error)),
    ];
    let _ = writeln!(out, "{messages} messages, {answerable} of them answerable\n");
    for (name, value) in rows {
        let _ = writeln!(out, "{name:52} {value:>6}");
    }
    let _ = writeln!(out, "\nat the threshold: {}", at_threshold(operating, *messages));
    let _ = writeln!(out, "\nthreshold  answered  coverage  wrong  wrong rate  at most (90 %)");
    for risk in &summary.risks {
        let Risk { threshold, answered, coverage, wrong, wrong_rate, upper_bound } = risk;
        let _ = match answered {
            0 => writeln!(out, "{threshold:9.2}  {answered:8}  {coverage:8.3}  {wrong:5}  {:>10}  {:>14}", "-", "-"),
            _ => writeln!(out, "{threshold:9.2}  {answered:8}  {coverage:8.3}  {wrong:5}  {wrong_rate:10.3}  {upper_bound:14.3}"),
        };
    }
    out
}

/// One sentence about what a threshold does.
pub fn at_threshold(risk: &Risk, messages: usize) -> String {
    let Risk { threshold, answered, coverage, wrong, wrong_rate, upper_bound } = risk;
    if *answered == 0 {
        return format!("none of {messages} messages is answered at {threshold:.3}");
    }
    format!(
        "{answered} of {messages} messages answered ({:.1} %) at {threshold:.3}, {wrong} of them wrongly ({:.1} %; at most {:.1} % with 90 % confidence)",
        100.0 * coverage,
        100.0 * wrong_rate,
        100.0 * upper_bound
    )
}

/// The figures for machines.
pub fn figures_json(summary: &Summary) -> Value {
    json!({
        "messages": summary.messages,
        "answerable": summary.answerable,
        "right_first": summary.right_first,
        "resolved_at_80": summary.resolved_at_80,
        "resolved_at_90": summary.resolved_at_90,
        "resolved_at_95": summary.resolved_at_95,
        "auroc": summary.auroc,
        "expected_calibration_error": summary.calibration_error,
        "operating": risk_json(&summary.operating),
        "risk_coverage": summary.risks.iter().map(risk_json).collect::<Vec<_>>(),
        "reliability": summary.bins.iter().map(|bin| json!({
            "from": bin.from,
            "count": bin.count,
            "confidence": bin.confidence,
            "right": bin.right,
        })).collect::<Vec<_>>(),
    })
}

fn risk_json(risk: &Risk) -> Value {
    json!({
        "threshold": risk.threshold,
        "answered": risk.answered,
        "coverage": risk.coverage,
        "wrong": risk.wrong,
        "wrong_rate": risk.wrong_rate,
        "upper_bound_90": risk.upper_bound,
    })
}

/// One line a shop and the mean over them, each shop counting the same.
pub fn shops(shops: &[(String, Summary)]) -> String {
    let width = shops.iter().map(|(name, _)| name.len()).chain([4]).max().unwrap_or(4);
    let mut out = format!("{:width$}  messages  right first  resolved@80  resolved@90  AUROC    ECE\n", "");
    let mut line = |name: &str, messages: usize, values: [Option<f64>; 5]| {
        let [first, at80, at90, auroc, off] = values.map(|value| value.map_or_else(|| "-".to_owned(), number));
        let _ = writeln!(out, "{name:width$}  {messages:8}  {first:>11}  {at80:>11}  {at90:>11}  {auroc:>5}  {off:>5}");
    };
    for (name, summary) in shops {
        line(name, summary.messages, shop_figures(summary));
    }
    line("mean", shops.iter().map(|(_, summary)| summary.messages).sum(), mean(shops));
    out
}

/// The same for machines.
pub fn shops_json(shops: &[(String, Summary)]) -> Value {
    let named = |figures: [Option<f64>; 5]| {
        let [first, at80, at90, auroc, off] = figures;
        json!({"right_first": first, "resolved_at_80": at80, "resolved_at_90": at90, "auroc": auroc, "expected_calibration_error": off})
    };
    let shop = |(name, summary): &(String, Summary)| {
        let mut figures = named(shop_figures(summary));
        figures["name"] = json!(name);
        figures["messages"] = json!(summary.messages);
        figures["answerable"] = json!(summary.answerable);
        figures["operating"] = risk_json(&summary.operating);
        figures
    };
    json!({"mean": named(mean(shops)), "shops": shops.iter().map(shop).collect::<Vec<_>>()})
}

fn shop_figures(summary: &Summary) -> [Option<f64>; 5] {
    let Summary { right_first, resolved_at_80, resolved_at_90, auroc, calibration_error, .. } = summary;
    [Some(*right_first), Some(*resolved_at_80), Some(*resolved_at_90), *auroc, Some(*calibration_error)]
}

/// Over the shops that have a figure.
fn mean(shops: &[(String, Summary)]) -> [Option<f64>; 5] {
    let figures: Vec<[Option<f64>; 5]> = shops.iter().map(|(_, summary)| shop_figures(summary)).collect();
    std::array::from_fn(|at| {
        let values: Vec<f64> = figures.iter().filter_map(|figures| figures[at]).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    })
}

/// How well rankings put the right entry first.
pub fn ranking(ranking: &Ranking) -> String {
    let Ranking { precision_at_1, mean_average_precision, ndcg_at_10 } = ranking;
    format!("P@1      {precision_at_1:.4}\nMAP      {mean_average_precision:.4}\nNDCG@10  {ndcg_at_10:.4}\n")
}

fn number(value: f64) -> String {
    format!("{value:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Expected, Labelled, Proposal, Trial};
    use crate::knowledge::{EntryId, HandoffRule};

    fn summary(confidences: &[(f64, bool)]) -> Summary {
        let id = EntryId::parse("a").unwrap();
        let trial = |(confidence, right): &(f64, bool)| {
            let expected = if *right { Expected::OneOf(vec![id.clone()]) } else { Expected::NotCovered };
            let entry = crate::knowledge::Entry {
                id: id.clone(),
                topic: String::new(),
                locale: String::new(),
                updated: None,
                question: "A?".into(),
                phrasings: vec![],
                answer: String::new(),
                handoff: HandoffRule::Never,
                file: String::new(),
                line: 1,
            };
            let proposal = Proposal { entry: Some(entry.into()), confidence: *confidence, cjk: 0.0, ranked: vec![id.clone()] };
            Trial { question: Labelled { message: "m".into(), expected }, proposal }
        };
        Summary::of(&confidences.iter().map(trial).collect::<Vec<_>>(), 0.7)
    }

    #[test]
    fn the_text_has_the_figures_and_a_line_a_threshold() {
        let text = figures(&summary(&[(0.9, true), (0.8, true), (0.75, false), (0.2, true)]));
        let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for expected in [
            "4 messages, 3 of them answerable",
            "right entry first (accuracy in scope, no threshold) 1.000",
            "resolved at 90 % precision 0.667",
            "AUROC of the confidence 0.667",
            "at the threshold: 3 of 4 messages answered (75.0 %) at 0.700, 1 of them wrongly (33.3 %; at most 80.4 % with 90 % confidence)",
            "0.95 0 0.000 0 - -",
            "0.70 3 0.750 1 0.333 0.804",
            "0.00 4 1.000 1 0.250 0.680",
        ] {
            assert!(lines.iter().any(|line| line == expected), "no {expected:?} in\n{text}");
        }
    }

    #[test]
    fn the_mean_counts_each_shop_the_same() {
        let shops =
            [("a".to_owned(), summary(&[(0.9, true)])), ("b".to_owned(), summary(&[(0.9, false), (0.8, false), (0.7, true), (0.1, true)]))];
        let json = shops_json(&shops);
        assert_eq!(json["mean"]["right_first"], 1.0);
        assert_eq!(json["mean"]["resolved_at_80"], 0.5, "{json}");
        assert_eq!(json["mean"]["auroc"], json["shops"][1]["auroc"], "a shop with right ones alone has none");
        assert_eq!(json["shops"][0]["auroc"], Value::Null);
        assert_eq!(json["shops"][1]["name"], "b");
        assert_eq!(super::shops(&shops).lines().count(), 4);
    }
}
