//! What a query or a form says: names and values, in the order in which they came.

use axum::http::uri::PathAndQuery;

/// The fields of a query or a form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Decodes what a browser sends.
    pub(crate) fn parse(text: &[u8]) -> Fields {
        let pairs = form_urlencoded::parse(text);
        Fields(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Fields from names and values.
    pub(crate) fn of<V: Into<String>>(
        pairs: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Fields {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        Fields(pairs.collect())
    }

    /// The value as it was typed; empty if there is none.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The value without spaces around it; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// All values of a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is a field of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The same fields with this one set, or removed if the value is empty.
    pub(crate) fn with(&self, name: &str, value: &str) -> Fields {
        let mut fields = self.without(name);
        if !value.is_empty() {
            fields.0.push((name.to_owned(), value.to_owned()));
        }
        fields
    }

    /// The same fields without duplicate values, and with at most this many values per name.
    pub(crate) fn bounded(&self, values_max: usize) -> Fields {
        let mut kept: Vec<(String, String)> = Vec::new();
        for pair in &self.0 {
            let of_name = kept.iter().filter(|(name, _)| *name == pair.0).count();
            if of_name < values_max && !kept.contains(pair) {
                kept.push(pair.clone());
            }
        }
        Fields(kept)
    }

    /// The same fields without this one.
    pub(crate) fn without(&self, name: &str) -> Fields {
        Fields(self.0.iter().filter(|(given, _)| given != name).cloned().collect())
    }

    /// The fields before the first of that name, and those from it on.
    pub(crate) fn split_at(&self, name: &str) -> (Fields, Fields) {
        let at = self.0.iter().position(|(given, _)| given == name).unwrap_or(self.0.len());
        let (before, from) = self.0.split_at(at);
        (Fields(before.to_vec()), Fields(from.to_vec()))
    }

    /// The fields after the first so many.
    pub(crate) fn after(&self, count: usize) -> Fields {
        Fields(self.0.iter().skip(count).cloned().collect())
    }

    /// The same fields without this value of a name.
    pub(crate) fn without_value(&self, name: &str, value: &str) -> Fields {
        let is_other = |(given, found): &&(String, String)| given != name || found.trim() != value;
        Fields(self.0.iter().filter(is_other).cloned().collect())
    }

    /// The same fields with the values of this name split at a character.
    pub(crate) fn split(&self, name: &str, at: char) -> Fields {
        let parts = self.0.iter().flat_map(|(given, value)| {
            let count = if given == name { usize::MAX } else { 1 };
            value.splitn(count, at).map(move |part| (given.clone(), part.to_owned()))
        });
        Fields(parts.filter(|(given, part)| given != name || !part.is_empty()).collect())
    }

    /// The filled ones among them that have one of these names.
    pub(crate) fn only(&self, names: &[&str]) -> Fields {
        let filled = self.filled().filter(|(name, _)| names.contains(name));
        Fields(filled.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    /// All fields, as pairs.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The fields that have a value, as pairs.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs().filter(|(_, value)| !value.trim().is_empty())
    }

    /// All fields as the body of a form.
    pub(crate) fn encoded(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(self.pairs());
        form.finish()
    }

    /// An address with the fields that have a value.
    pub(crate) fn address(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.filled());
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// Accepts an address to return to only if it is on this server, and written as browsers send it.
pub(crate) fn local(address: &str) -> Option<&str> {
    let is_local = address.starts_with('/') && !address.starts_with("//");
    let is_clean = |c: char| c != '\\' && c.is_ascii_graphic();
    let asked_for = address.split('#').next()?;
    let is_address = asked_for.parse::<PathAndQuery>().is_ok();
    (is_local && is_address && address.chars().all(is_clean)).then_some(address)
}
