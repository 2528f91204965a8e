//! Records that are too long to be in memory together. They are printed while the answer is sent, a step at a time, so
//! that a page of any length takes no more than its longest step.
//!
//! A version never changes (invariant 1), so what is read later is what the page was asked for.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Bytes;
use domain::{Seq, Zone};
use service::{AskError, Service, Tenant};

use super::fresh::{FreshRecords, Printer};

/// Records of a page that are longer than that together are printed in steps. Shorter ones are sent at once, with a
/// `Content-Length`.
pub(crate) const WHOLE_BYTES_MAX: usize = 1 << 20;

/// About what a step prints. A record that is longer is a step by itself.
const STEP_BYTES: usize = 512 << 10;

/// The rest of a page's records, in their order.
pub(crate) struct LongRecords {
    service: Service,
    org: Arc<Tenant>,
    zone: Zone,
    steps: VecDeque<Step>,
    step_bytes_max: usize,
}

/// What is printed at once.
struct Step {
    seqs: Vec<Seq>,
    bytes: usize,
}

impl LongRecords {
    /// The records at these positions, in that order; each comes with about what it takes as JSON.
    pub(crate) fn new(
        service: &Service,
        org: &Arc<Tenant>,
        zone: &Zone,
        records: impl IntoIterator<Item = (Seq, usize)>,
    ) -> LongRecords {
        let mut steps: VecDeque<Step> = VecDeque::new();
        for (seq, bytes) in records {
            match steps.back_mut() {
                Some(step) if step.bytes + bytes <= STEP_BYTES => {
                    step.seqs.push(seq);
                    step.bytes += bytes;
                }
                _ => steps.push_back(Step { seqs: vec![seq], bytes }),
            }
        }
        let step_bytes_max = steps.iter().map(|step| step.bytes).max().unwrap_or(0);
        let (service, org, zone) = (service.clone(), org.clone(), zone.clone());
        LongRecords { service, org, zone, steps, step_bytes_max }
    }

    /// About the most that a step prints, in bytes.
    pub(crate) fn step_bytes_max(&self) -> usize {
        self.step_bytes_max
    }

    /// The next records, a comma between two and one at the end if others follow; nothing if there are none. Gives
    /// back what is left.
    pub(crate) async fn print_step(mut self) -> Result<Option<(Bytes, LongRecords)>, AskError> {
        let Some(Step { seqs, bytes }) = self.steps.pop_front() else { return Ok(None) };
        let printer = Printer::after(FreshRecords::default(), bytes);
        let print = Printer::prints(&self.zone);
        let fresh = self.service.fold_long(&self.org, seqs.clone(), printer, print).await?.done();
        let mut json = Vec::with_capacity(fresh.json().len() + seqs.len());
        for (index, seq) in seqs.iter().enumerate() {
            let text = fresh.text(*seq);
            json.extend_from_slice(&text.json[text.at]);
            if index + 1 < seqs.len() || !self.steps.is_empty() {
                json.push(b',');
            }
        }
        Ok(Some((json.into(), self)))
    }
}
