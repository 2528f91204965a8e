use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Positions on both sides of every kind of border: of words, chunks and nodes.
fn borders() -> Vec<usize> {
    [0, WORD_BITS, CHUNK_BITS, 2 * CHUNK_BITS, NODE_BITS, NODE_BITS + CHUNK_BITS, 2 * NODE_BITS]
        .into_iter()
        .flat_map(|border| [border.saturating_sub(1), border, border + 1])
        .collect()
}

/// Everything that can be asked, at every border.
#[track_caller]
fn check(bits: &Bits, expected: &BTreeSet<usize>) {
    for (rank, at) in expected.iter().enumerate() {
        assert_eq!(bits.select(rank as u64), Some(*at), "select {rank}");
        assert!(bits.contains(*at), "contains {at}");
    }
    assert_eq!(bits.select(expected.len() as u64), None);
    assert_eq!(bits.select(u64::MAX), None);
    for from in borders() {
        assert_eq!(bits.contains(from), expected.contains(&from), "contains {from}");
        assert_eq!(bits.rank(from), expected.range(..from).count() as u64, "rank {from}");
        for to in borders().into_iter().filter(|to| from <= *to) {
            assert!(bits.iter(from..to).eq(expected.range(from..to).copied()), "{from}..{to}");
        }
    }
    assert_eq!(bits.rank(usize::MAX), expected.len() as u64);
}

fn bits_of(positions: &BTreeSet<usize>) -> Bits {
    let mut bits = Bits::default();
    positions.iter().for_each(|at| bits.insert(*at));
    bits
}

#[test]
fn an_empty_set_answers_everything() {
    check(&Bits::default(), &BTreeSet::new());
}

#[test]
fn each_border_alone() {
    for at in borders() {
        let mut bits = Bits::default();
        bits.insert(at);
        bits.insert(at);
        check(&bits, &BTreeSet::from([at]));
        bits.remove(at);
        bits.remove(at);
        check(&bits, &BTreeSet::new());
    }
}

#[test]
fn a_full_stretch_and_the_emptied_node_before_it() {
    let full: BTreeSet<usize> = (NODE_BITS..NODE_BITS + 3 * CHUNK_BITS).collect();
    let mut bits = bits_of(&full);
    let before = [0, CHUNK_BITS, NODE_BITS - 1];
    before.into_iter().for_each(|at| bits.insert(at));
    before.into_iter().for_each(|at| bits.remove(at));
    check(&bits, &full);
}

#[test]
fn what_was_missing_before_a_position_is_shared_until_it_is_used() {
    let mut bits = Bits::default();
    bits.insert(2 * NODE_BITS + 5 * CHUNK_BITS);
    assert!(Arc::ptr_eq(&bits.nodes[0].part, &bits.nodes[1].part));
    bits.insert(7);
    check(&bits, &BTreeSet::from([7, 2 * NODE_BITS + 5 * CHUNK_BITS]));
}

#[test]
fn a_copy_shares_all_but_what_is_changed_since() {
    let old = bits_of(&borders().into_iter().collect());
    let mut new = old.clone();
    new.remove(CHUNK_BITS);
    assert!(Arc::ptr_eq(&old.nodes[1].part, &new.nodes[1].part));
    let [old_chunks, new_chunks] = [&old, &new].map(|bits| &bits.nodes[0].part.chunks);
    assert!(Arc::ptr_eq(&old_chunks[0].part, &new_chunks[0].part));
    assert!(!Arc::ptr_eq(&old_chunks[1].part, &new_chunks[1].part));
}

#[derive(Clone, Debug)]
enum Step {
    Insert(usize),
    Remove(usize),
    Copy,
}

fn step() -> impl Strategy<Value = Step> {
    // Few enough positions to meet again, near to the borders and anywhere.
    let at = || prop_oneof![proptest::sample::select(borders()), 0..200usize, 0..2 * NODE_BITS];
    prop_oneof![
        6 => at().prop_map(Step::Insert),
        3 => at().prop_map(Step::Remove),
        1 => Just(Step::Copy),
    ]
}

proptest! {
    #[test]
    fn does_what_a_set_does(steps in proptest::collection::vec(step(), 0..80)) {
        let (mut bits, mut expected) = (Bits::default(), BTreeSet::new());
        let mut copies = Vec::new();
        for step in steps {
            match step {
                Step::Insert(at) => {
                    bits.insert(at);
                    expected.insert(at);
                }
                Step::Remove(at) => {
                    bits.remove(at);
                    expected.remove(&at);
                }
                Step::Copy => copies.push((bits.clone(), expected.clone())),
            }
        }
        check(&bits, &expected);
        for (bits, expected) in copies {
            check(&bits, &expected);
        }
    }
}
