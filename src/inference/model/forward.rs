//! The forward pass: rows of any number of sequences through the weights together.

use nightdesk_kernels::attention::{Place, Sees, Span, attend, store};
use nightdesk_kernels::{Activations, Begin, Machine, Precision, Source, multiply};

use super::network::{Layer, Network};

/// The threads, the instructions and the buffers of one owner, kept from pass to pass.
pub struct Workspace {
    pub machine: Machine,
    precision: Precision,
    activations: Activations,
    /// The residual stream.
    rows: Vec<f32>,
    /// Queries, keys and values.
    mixed: Vec<f32>,
    attended: Vec<f32>,
    /// Gate and up.
    gated: Vec<f32>,
}

impl Workspace {
    /// For `threads` threads, on the processor at hand.
    pub fn new(threads: usize) -> Self {
        Self {
            machine: Machine::of(threads),
            precision: Precision::Bytes,
            activations: Activations::new(),
            rows: Vec::new(),
            mixed: Vec::new(),
            attended: Vec::new(),
            gated: Vec::new(),
        }
    }
}

impl Network {
    /// Reads `tokens`, the rows of the spans one after the other, into the spans' caches, and gives the scores behind the rows `scored`.
    pub fn forward(
        &self,
        workspace: &mut Workspace,
        precision: Precision,
        tokens: &[u32],
        spans: &mut [Span<'_>],
        scored: &[usize],
    ) -> Vec<f32> {
        let count = tokens.len();
        workspace.precision = precision;
        workspace.rows.resize(count * self.width, 0.0);
        workspace.mixed.resize(count * self.heads.row(), 0.0);
        workspace.attended.resize(count * self.heads.heads * self.heads.width, 0.0);
        let gated = self.layers.first().map_or(0, |layer| layer.gate_up.stride());
        workspace.gated.resize(count * gated, 0.0);
        for (row, token) in workspace.rows.chunks_exact_mut(self.width).zip(tokens) {
            self.embedding.row(*token as usize, row);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            self.attention(workspace, layer, index, count, spans);
            self.feed_forward(workspace, layer, count);
        }
        self.score(workspace, scored)
    }

    fn attention(&self, workspace: &mut Workspace, layer: &Layer, index: usize, count: usize, spans: &mut [Span<'_>]) {
        let Workspace { machine: ref on, precision, ref mut activations, ref mut rows, ref mut mixed, ref mut attended, .. } = *workspace;
        let place = Place { heads: self.heads, layer: index };
        activations.fill(on, precision, (count, self.width), self.norm_of(rows, &layer.attention_norm));
        let begin = layer.query_key_value_bias.as_deref().map_or(Begin::Zero, Begin::Bias);
        multiply(on, &layer.query_key_value, activations, begin, mixed, self.heads.row());
        store(on, place, Some(&self.rope), mixed, spans);
        attend(on, place, Sees::Before, mixed, spans, attended);
        activations.fill(on, precision, (count, self.heads.heads * self.heads.width), Source::Plain(attended));
        multiply(on, &layer.attention_output, activations, Begin::Out, rows, self.width);
    }

    fn feed_forward(&self, workspace: &mut Workspace, layer: &Layer, count: usize) {
        let Workspace { machine: ref on, precision, ref mut activations, ref mut rows, ref mut gated, .. } = *workspace;
        activations.fill(on, precision, (count, self.width), self.norm_of(rows, &layer.feed_forward_norm));
        let stride = layer.gate_up.stride();
        multiply(on, &layer.gate_up, activations, Begin::Zero, gated, stride);
        activations.fill(on, precision, (count, self.hidden), Source::Gated { rows: gated, stride });
        multiply(on, &layer.down, activations, Begin::Out, rows, self.width);
    }

    fn score(&self, workspace: &mut Workspace, scored: &[usize]) -> Vec<f32> {
        if scored.is_empty() {
            return Vec::new();
        }
        let Workspace { machine: ref on, ref mut activations, ref rows, .. } = *workspace;
        let last: Vec<f32> = scored.iter().flat_map(|row| &rows[row * self.width..][..self.width]).copied().collect();
        // Scores are few, and always made in the same way.
        activations.fill(on, Precision::Bytes, (scored.len(), self.width), self.norm_of(&last, &self.norm));
        let mut scores = vec![0.0; scored.len() * self.output.outputs()];
        multiply(on, &self.output, activations, Begin::Zero, &mut scores, self.output.outputs());
        scores
    }

    fn norm_of<'a>(&self, rows: &'a [f32], weight: &'a [f32]) -> Source<'a> {
        Source::RmsNorm { rows, weight, epsilon: self.epsilon }
    }
}
