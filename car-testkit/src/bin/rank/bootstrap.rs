//! Whether a difference between two rankings is more than chance: the paired bootstrap over queries (Efron and Tibshirani,
//! 1993, chapter 16).

use crate::random::Random;

/// How often the queries are drawn anew.
const DRAWS: usize = 10_000;

/// Returns the mean difference of two rankings of the same queries, and the interval in which it lies in 95 of 100 draws.
pub(crate) fn difference(one: &[f64], other: &[f64]) -> (f64, f64, f64) {
    let differences: Vec<f64> = one.iter().zip(other).map(|(one, other)| one - other).collect();
    let count = differences.len().max(1);
    let mut random = Random::new(20_261_121);
    let mut means: Vec<f64> = (0..DRAWS)
        .map(|_| (0..count).map(|_| differences[random.below(differences.len())]).sum::<f64>() / count as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    let mean = differences.iter().sum::<f64>() / count as f64;
    (mean, means[DRAWS / 40], means[DRAWS - DRAWS / 40 - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_sure_difference_from_a_chance() {
        let (mean, low, high) = difference(&[1.0; 50], &[0.5; 50]);
        assert_eq!((mean, low, high), (0.5, 0.5, 0.5));
        let one: Vec<f64> = (0..100).map(|n| f64::from(n % 2)).collect();
        let other: Vec<f64> = (0..100).map(|n| f64::from((n + 1) % 2)).collect();
        let (mean, low, high) = difference(&one, &other);
        assert_eq!(mean, 0.0);
        assert!((-0.21..-0.18).contains(&low) && (0.18..0.21).contains(&high), "{low} {high}");
    }
}
