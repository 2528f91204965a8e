//! Records as they leave, in memory: a version never changes (invariant 1), so that it is printed once and
//! copied from then on.

use std::sync::Arc;

use domain::{OrgKey, Seq, Zone};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use service::{AskError, Service, Tenant};

use crate::record;

/// Bytes that a record takes beside its text, roughly.
const RECORD_BYTES: usize = 100;

/// A version as JSON, and the zone that its times are shown in: that may be another one day.
pub(crate) struct Rendered {
    zone: Zone,
    json: Box<[u8]>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<(OrgKey, Seq), Arc<Rendered>> for ByBytes {
    fn weight(&self, _: &(OrgKey, Seq), rendered: &Arc<Rendered>) -> u64 {
        (RECORD_BYTES + rendered.json.len()) as u64
    }
}

/// The cache of printed records, bounded in bytes.
pub(crate) struct Records(Cache<(OrgKey, Seq), Arc<Rendered>, ByBytes>);

impl Records {
    pub(crate) fn new(bytes_max: u64) -> Records {
        let items = usize::try_from(bytes_max / (4 * RECORD_BYTES as u64)).unwrap_or(usize::MAX);
        Records(Cache::with_weighter(items.max(1), bytes_max, ByBytes))
    }

    /// The records at these positions, in that order.
    pub(crate) async fn at(
        &self,
        service: &Service,
        org: &Tenant,
        zone: &Zone,
        seqs: &[Seq],
    ) -> Result<Vec<Arc<Rendered>>, AskError> {
        let kept = |seq: &Seq| self.0.get(&(org.key, *seq)).filter(|kept| kept.zone == *zone);
        let mut found: Vec<Option<Arc<Rendered>>> = seqs.iter().map(kept).collect();
        let missing = seqs.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing: Vec<Seq> = missing.map(|(seq, _)| *seq).collect();
        if !missing.is_empty() {
            let versions = service.versions(org, missing).await?;
            let mut read = versions.iter();
            for place in found.iter_mut().filter(|place| place.is_none()) {
                *place = read.next().map(|version| {
                    let mut json = Vec::with_capacity(512);
                    if let Some(activity) = version.record() {
                        record::write(version, activity, zone, &mut json);
                    }
                    let rendered = Rendered { zone: zone.clone(), json: json.into() };
                    let rendered = Arc::new(rendered);
                    self.0.insert((org.key, version.seq), rendered.clone());
                    rendered
                });
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

impl Rendered {
    /// The record's JSON.
    pub(crate) fn json(&self) -> &[u8] {
        &self.json
    }
}
