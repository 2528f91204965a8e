//! Mirrors kept by polling end up equal to the truth, whatever happens in between.

use proptest::prelude::*;

use crate::mirror::{Model, steps};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mirrors_become_equal_to_the_truth(steps in steps()) {
        let mut model = Model::new();
        for step in &steps {
            model.apply(step);
        }
        model.finish();
    }
}
