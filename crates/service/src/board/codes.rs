//! A column of few different values, each kept as a small number.

use std::collections::HashMap;

/// The code of what is absent.
pub(crate) const ABSENT: u32 = 0;

/// One code per slot.
#[derive(Debug)]
pub(crate) struct Codes {
    of: Vec<u32>,
    /// The value of each code; that of [`ABSENT`] means nothing.
    values: Vec<i64>,
    codes: HashMap<i64, u32>,
}

impl Codes {
    pub(crate) fn new() -> Codes {
        Codes { of: Vec::new(), values: vec![0], codes: HashMap::new() }
    }

    /// Gives a slot its value; the slot may be the one after the last.
    pub(crate) fn set(&mut self, slot: u32, value: Option<i64>) {
        let code = value.map_or(ABSENT, |value| {
            *self.codes.entry(value).or_insert_with(|| {
                self.values.push(value);
                // There are no more values than slots, whose number fits.
                (self.values.len() - 1) as u32
            })
        });
        super::columns::set(&mut self.of, slot, code);
    }

    pub(crate) fn of(&self, slot: u32) -> u32 {
        self.of[slot as usize]
    }

    pub(crate) fn all(&self) -> &[u32] {
        &self.of
    }

    /// The values by code, [`ABSENT`] left out: the first is that of code 1.
    pub(crate) fn values(&self) -> &[i64] {
        &self.values[1..]
    }

    /// The code of a value, if any slot ever had it.
    pub(crate) fn code(&self, value: i64) -> Option<u32> {
        self.codes.get(&value).copied()
    }

    /// Which codes are among these.
    pub(crate) fn table(&self, codes: &[u32]) -> Vec<bool> {
        let mut table = vec![false; self.values.len()];
        codes.iter().for_each(|code| table[*code as usize] = true);
        table
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.of.capacity() * 4 + self.values.capacity() * 8 + self.codes.capacity() * 17
    }
}
