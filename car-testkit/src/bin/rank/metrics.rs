//! What a ranking is worth, against judgements.

use std::collections::HashMap;

/// What the services are worth that are right for a query, by their ids.
pub(crate) type Judgements = HashMap<String, f64>;

/// Returns nDCG at `k` (Järvelin and Kekäläinen, 2002), with the gain itself as gain and log2 of rank + 1 as discount, as
/// trec_eval has it: the gains of what was found, later ones counting less, as a share of what the best order would give.
pub(crate) fn ndcg(found: &[&str], right: &Judgements, k: usize) -> f64 {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| -> f64 {
        gains.take(k).enumerate().map(|(place, gain)| gain / (place as f64 + 2.0).log2()).sum()
    };
    let mut best: Vec<f64> = right.values().copied().collect();
    best.sort_by(|one, other| other.total_cmp(one));
    let most = discounted(&mut best.into_iter());
    let got = discounted(&mut found.iter().map(|id| right.get(*id).copied().unwrap_or(0.0)));
    if most > 0.0 { got / most } else { 0.0 }
}

/// Returns the share of what is right that is among the first `k`.
pub(crate) fn recall(found: &[&str], right: &Judgements, k: usize) -> f64 {
    let is_right = |id: &&&str| right.get(**id).is_some_and(|gain| *gain > 0.0);
    let all = right.values().filter(|gain| **gain > 0.0).count();
    if all == 0 { 0.0 } else { found.iter().take(k).filter(is_right).count() as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(gains: &[(&str, f64)]) -> Judgements {
        gains.iter().map(|(id, gain)| ((*id).to_owned(), *gain)).collect()
    }

    fn is_near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-4
    }

    #[test]
    fn counts_later_places_for_less() {
        let judged = right(&[("a", 1.0), ("b", 1.0)]);
        assert!(is_near(ndcg(&["a", "b", "x"], &judged, 10), 1.0));
        // 1/log2(2) + 1/log2(4) = 1.5, of 1/log2(2) + 1/log2(3) = 1.63093.
        assert!(is_near(ndcg(&["a", "x", "b"], &judged, 10), 0.91972));
        // Only 1/log2(3) = 0.63093, of 1.63093.
        assert!(is_near(ndcg(&["x", "a", "y", "b"], &judged, 3), 0.38685));
        assert!(is_near(ndcg(&["x", "y"], &judged, 10), 0.0));
        assert!(is_near(ndcg(&[], &judged, 10), 0.0));
    }

    #[test]
    fn counts_no_more_than_k_in_the_best_order_too() {
        let judged = right(&[("a", 1.0), ("b", 1.0), ("c", 1.0)]);
        assert!(is_near(ndcg(&["c"], &judged, 1), 1.0));
    }

    #[test]
    fn counts_larger_gains_for_more() {
        let judged = right(&[("a", 3.0), ("b", 1.0)]);
        // 1 + 3/log2(3) = 2.89279, of 3 + 1/log2(3) = 3.63093.
        assert!(is_near(ndcg(&["b", "a"], &judged, 10), 0.79671));
    }

    #[test]
    fn counts_what_was_found_of_what_is_right() {
        let judged = right(&[("a", 1.0), ("b", 1.0), ("c", 0.0)]);
        assert!(is_near(recall(&["x", "a", "c", "b"], &judged, 3), 0.5));
        assert!(is_near(recall(&["x", "a", "c", "b"], &judged, 4), 1.0));
        assert!(is_near(recall(&["a"], &right(&[]), 4), 0.0));
    }
}
